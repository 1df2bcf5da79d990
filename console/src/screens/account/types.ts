/** What the server says of the own account. */

export interface Ways {
  has_password: boolean;
  has_codes: boolean;
  recovery_codes_left: number;
  has_provider: boolean;
  passkeys: { id: string; name: string; added_at: string; used_at: string | null; is_synced: boolean }[];
  /** Where passkeys work; null where no public address is set. */
  passkeys_at: string | null;
  is_second_factor_needed: boolean;
  proof_ends_at: string;
}

export interface OwnSession {
  id: string;
  is_this: boolean;
  began_at: string;
  last_seen_at: string;
  ends_at: string;
  method: "password" | "code" | "recovery_code" | "passkey" | "provider";
  browser: string;
  system: string;
}
