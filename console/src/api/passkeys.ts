/** Passkeys as the browser gives them: bytes there, base64url on the wire. Nothing of a key is kept here. */

interface Descriptor {
  id: string;
  type: "public-key";
}

export interface SignOptions {
  challenge: string;
  rpId: string;
  timeout?: number;
  userVerification?: UserVerificationRequirement;
  allowCredentials?: Descriptor[];
}

export interface MakeOptions {
  challenge: string;
  rp: { id: string; name: string };
  user: { id: string; name: string; displayName: string };
  pubKeyCredParams: PublicKeyCredentialParameters[];
  timeout?: number;
  excludeCredentials?: Descriptor[];
  authenticatorSelection?: AuthenticatorSelectionCriteria;
  attestation?: AttestationConveyancePreference;
}

/** Whether this browser can, and whether this address is the one that keys are bound to. */
export function passkeysWork(at: string | null | undefined): boolean {
  return typeof PublicKeyCredential === "function" && at === location.origin;
}

export function bytes(text: string): Uint8Array<ArrayBuffer> {
  const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
}

export function text(buffer: ArrayBuffer): string {
  const raw = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(raw).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

const known = (list: Descriptor[] | undefined): PublicKeyCredentialDescriptor[] => (list ?? []).map(({ id, type }) => ({ id: bytes(id), type }));

/** Null when the person turned away from it, or the browser had nothing to offer. */
export async function sign(options: SignOptions): Promise<Record<string, unknown> | null> {
  const made = await ask(() =>
    navigator.credentials.get({ publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: known(options.allowCredentials) } }),
  );
  if (!made) return null;
  const response = made.response as AuthenticatorAssertionResponse;
  return whole(made, {
    clientDataJSON: text(response.clientDataJSON),
    authenticatorData: text(response.authenticatorData),
    signature: text(response.signature),
    ...(response.userHandle ? { userHandle: text(response.userHandle) } : {}),
  });
}

export async function make(options: MakeOptions): Promise<Record<string, unknown> | null> {
  const made = await ask(() =>
    navigator.credentials.create({
      publicKey: {
        ...options,
        challenge: bytes(options.challenge),
        user: { ...options.user, id: bytes(options.user.id) },
        excludeCredentials: known(options.excludeCredentials),
      },
    }),
  );
  if (!made) return null;
  const response = made.response as AuthenticatorAttestationResponse;
  return whole(made, {
    clientDataJSON: text(response.clientDataJSON),
    attestationObject: text(response.attestationObject),
    transports: response.getTransports?.() ?? [],
  });
}

async function ask(how: () => Promise<Credential | null>): Promise<PublicKeyCredential | null> {
  try {
    return (await how()) as PublicKeyCredential | null;
  } catch (error) {
    // Turned away, timed out, or made before on this device: the browser has said so itself.
    if (error instanceof DOMException) return null;
    throw error;
  }
}

const whole = (made: PublicKeyCredential, response: object): Record<string, unknown> => ({ id: made.id, rawId: text(made.rawId), type: made.type, response });
