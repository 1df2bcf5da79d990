/** One-time codes of the own account: the secret goes into an app and is confirmed; recovery codes are shown once. */
import { useState, type FormEvent } from "react";
import { Command } from "../../api/client";
import { useWords } from "../../context";
import { Problem } from "../../ui/problem";
import { CodeInput } from "./proof-dialog";
import type { Ways } from "./types";
import { useProven } from "./use-proven";

interface Secret {
  secret: string;
  uri: string;
  /** Dark modules as an SVG path on a light square of `size`. */
  qr: { size: number; path: string };
}

export function Codes({ ways, onChanged }: { ways: Ways; onChanged: () => void }) {
  const { t } = useWords();
  const proven = useProven(ways);
  const [secret, setSecret] = useState<Secret | null>(null);
  const [recovery, setRecovery] = useState<string[] | null>(null);
  const begin = async () => setSecret(await new Command<Secret>("POST", "/api/me/codes/secret", {}).send());
  const renew = async () => setRecovery((await new Command<{ recovery_codes: string[] }>("POST", "/api/me/recovery-codes", {}).send()).recovery_codes);
  const remove = async () => {
    await new Command("DELETE", "/api/me/codes", undefined).send();
    onChanged();
  };
  const confirm = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const code = String(new FormData(event.currentTarget).get("code")).replaceAll(/\D/g, "");
    proven.run(async () => {
      const made = await new Command<{ recovery_codes: string[] }>("POST", "/api/me/codes", { code }).send();
      setSecret(null);
      setRecovery(made.recovery_codes);
    });
  };
  return (
    <section className="account-part" aria-labelledby="account-codes">
      <h2 id="account-codes">{t("account.codes")}</h2>
      <p className="quiet">{t("account.codes_what")}</p>
      {recovery ? (
        <RecoveryCodes
          codes={recovery}
          onDone={() => {
            setRecovery(null);
            onChanged();
          }}
        />
      ) : secret ? (
        <form onSubmit={confirm} className="account-add">
          <p>{t("account.secret")}</p>
          <QrCode qr={secret.qr} />
          <p>
            <code className="account-secret num">{secret.secret.match(/.{1,4}/g)?.join(" ")}</code>
          </p>
          <p>
            <a href={secret.uri}>{t("account.secret_open")}</a>
          </p>
          <CodeInput label={t("account.secret_code")} autoFocus />
          <div className="account-buttons">
            <button type="submit" className="button is-primary" disabled={proven.busy}>
              {t("account.codes_confirm")}
            </button>
            <button type="button" className="button" onClick={() => setSecret(null)}>
              {t("action.cancel")}
            </button>
          </div>
        </form>
      ) : (
        <>
          <p>{ways.has_codes ? t("account.codes_on", { n: ways.recovery_codes_left }) : t("account.codes_off")}</p>
          <div className="account-buttons">
            <button type="button" className={`button ${ways.has_codes ? "" : "is-primary"}`} disabled={proven.busy} onClick={() => proven.run(begin)}>
              {ways.has_codes ? t("account.codes_replace") : t("account.codes_add")}
            </button>
            {ways.has_codes && (
              <>
                <button type="button" className="button" disabled={proven.busy} onClick={() => proven.run(renew)}>
                  {t("account.recovery_new")}
                </button>
                <button type="button" className="button" disabled={proven.busy} onClick={() => proven.run(remove)}>
                  {t("account.codes_remove")}
                </button>
              </>
            )}
          </div>
        </>
      )}
      {proven.error !== null && <Problem error={proven.error} />}
      {proven.dialog}
    </section>
  );
}

/** Dark on light in every theme: readers expect it. */
function QrCode({ qr: { size, path } }: { qr: Secret["qr"] }) {
  const { t } = useWords();
  return (
    <svg className="account-qr" role="img" aria-label={t("account.qr")} viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

function RecoveryCodes({ codes, onDone }: { codes: string[]; onDone: () => void }) {
  const { t } = useWords();
  return (
    <div className="account-recovery" role="group" aria-label={t("account.recovery")}>
      <p>{codes.length > 0 ? t("account.recovery_what") : t("account.recovery_gone")}</p>
      {codes.length > 0 && (
        <ol className="account-codes num">
          {codes.map((code) => (
            <li key={code}>
              <code>{code}</code>
            </li>
          ))}
        </ol>
      )}
      <button type="button" className="button is-primary" onClick={onDone}>
        {t("account.recovery_kept")}
      </button>
    </div>
  );
}
