/** Asks once more who sits here: by passkey, or by password and code. */
import { useState, type FormEvent } from "react";
import { ApiError, Command } from "../../api/client";
import { passkeysWork, sign, type SignOptions } from "../../api/passkeys";
import { useWords } from "../../context";
import { Dialog } from "../../ui/dialog";
import { Problem } from "../../ui/problem";
import type { Ways } from "./types";

export function ProofDialog({ ways, onClose, onProven }: { ways: Ways; onClose: () => void; onProven: () => void }) {
  const { t } = useWords();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const prove = (body: () => Promise<object | null>) => {
    setBusy(true);
    setError(null);
    body()
      .then(async (proof) => {
        if (proof) await new Command("POST", "/api/me/proof", proof).send({ attempts: 1 });
        return proof;
      })
      .then((proof) => (proof ? onProven() : setBusy(false)))
      .catch((problem: unknown) => {
        setBusy(false);
        setError(problem);
      });
  };
  const byPasskey = async () => {
    const credential = await sign(await new Command<SignOptions>("POST", "/api/session/passkey/options", {}).send({ attempts: 1 }));
    return credential && { credential };
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const code = String(form.get("code") ?? "").replaceAll(/\D/g, "");
    prove(() => Promise.resolve({ password: String(form.get("password")), ...(ways.has_codes ? { code } : {}) }));
  };
  const canPasskey = ways.passkeys.length > 0 && passkeysWork(ways.passkeys_at);
  return (
    <Dialog title={t("proof.title")} onClose={onClose}>
      <p>{t("proof.why")}</p>
      {canPasskey && (
        <button type="button" className="button is-primary is-wide" disabled={busy} onClick={() => prove(byPasskey)}>
          {t("proof.by_passkey")}
        </button>
      )}
      {ways.has_password && (
        <form onSubmit={submit} className="proof-form">
          <label className="field">
            <span>{t("sign_in.password")}</span>
            <input name="password" type="password" autoComplete="current-password" required autoFocus={!canPasskey} />
          </label>
          {ways.has_codes && <CodeInput />}
          <button type="submit" className={`button is-wide ${canPasskey ? "" : "is-primary"}`} disabled={busy}>
            {t("proof.submit")}
          </button>
        </form>
      )}
      {!canPasskey && !ways.has_password && <p>{t("proof.sign_in_again")}</p>}
      {error instanceof ApiError && error.code === "proof_refused" ? <p className="problem" role="alert">{t("proof.refused")}</p> : error !== null && <Problem error={error} />}
    </Dialog>
  );
}

/** A one-time code: six digits, off the phone. */
export function CodeInput({ label, autoFocus = false }: { label?: string; autoFocus?: boolean }) {
  const { t } = useWords();
  return (
    <label className="field">
      <span>{label ?? t("sign_in.code")}</span>
      <input name="code" className="num" inputMode="numeric" autoComplete="one-time-code" pattern="[0-9 ]{6,7}" maxLength={7} required autoFocus={autoFocus} />
    </label>
  );
}
