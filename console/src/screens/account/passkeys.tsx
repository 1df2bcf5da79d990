/** The passkeys of the own account: added under a name, removed by it. */
import { useState, type FormEvent } from "react";
import { Command } from "../../api/client";
import { make, passkeysWork, type MakeOptions } from "../../api/passkeys";
import { useWords } from "../../context";
import { Problem } from "../../ui/problem";
import type { Ways } from "./types";
import { useProven } from "./use-proven";

export function Passkeys({ ways, onChanged }: { ways: Ways; onChanged: () => void }) {
  const { t, f } = useWords();
  const proven = useProven(ways);
  const [name, setName] = useState("");
  const canMake = passkeysWork(ways.passkeys_at);
  const add = async () => {
    const options = await new Command<MakeOptions>("POST", "/api/me/passkeys/options", {}).send({ attempts: 1 });
    const credential = await make(options);
    if (!credential) return;
    await new Command("POST", "/api/me/passkeys", { name: name.trim(), credential }).send();
    setName("");
    onChanged();
  };
  const remove = (id: string) => async () => {
    await new Command("DELETE", `/api/me/passkeys/${id}`, undefined).send();
    onChanged();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    proven.run(add);
  };
  return (
    <section className="account-part" aria-labelledby="account-passkeys">
      <h2 id="account-passkeys">{t("account.passkeys")}</h2>
      <p className="quiet">{t("account.passkeys_what")}</p>
      {ways.passkeys.length > 0 && (
        <ul className="plain-list">
          {ways.passkeys.map((key) => (
            <li key={key.id} className="account-row">
              <span>
                <b dir="auto">{key.name}</b>
                <span className="quiet small">
                  {t("account.added", { at: f.full(key.added_at, "minute") })} ·{" "}
                  {key.used_at ? t("account.used", { at: f.full(key.used_at, "minute") }) : t("account.never_used")}
                  {key.is_synced && ` · ${t("account.synced")}`}
                </span>
              </span>
              <button type="button" className="button" disabled={proven.busy} aria-label={t("account.remove_named", { name: key.name })} onClick={() => proven.run(remove(key.id))}>
                {t("account.remove")}
              </button>
            </li>
          ))}
        </ul>
      )}
      {canMake ? (
        <form onSubmit={submit} className="account-add">
          <label className="field">
            <span>{t("account.passkey_name")}</span>
            <input value={name} onChange={(event) => setName(event.target.value)} maxLength={60} required />
          </label>
          <button type="submit" className="button is-primary" disabled={proven.busy || name.trim() === ""}>
            {t("account.passkey_add")}
          </button>
        </form>
      ) : (
        <p className="quiet">{ways.passkeys_at ? t("account.passkeys_at", { address: ways.passkeys_at }) : t("account.passkeys_nowhere")}</p>
      )}
      {proven.error !== null && <Problem error={proven.error} />}
      {proven.dialog}
    </section>
  );
}
