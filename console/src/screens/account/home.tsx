/** Where one lives: declared by oneself, so that looks at one's own surroundings are asked about. The address is never shown again. */
import { useState, type FormEvent } from "react";
import { useNames, useWords } from "../../context";
import { Problem } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";
import { useRead } from "../../ui/use-read";
import { TerritoryPicker } from "../new-incident/territory-picker";

interface Declared {
  home_territory_id: number | null;
  has_address: boolean;
  declared_at: string | null;
}

const PATH = "/api/oversight/declared";

export function Home() {
  const { t, f } = useWords();
  const names = useNames();
  const declared = useRead<Declared>(PATH);
  const sending = useCommand();
  const [territory, setTerritory] = useState("");
  const [address, setAddress] = useState("");
  const [round, setRound] = useState(0);
  const done = () => {
    setTerritory("");
    setAddress("");
    setRound(round + 1);
    declared.reload();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const body = { ...(territory ? { home_territory_id: Number(territory) } : {}), ...(address.trim() ? { home_address: address.trim() } : {}) };
    sending.send("PUT", PATH, body, done);
  };
  const one = declared.data;
  return (
    <section className="account-part" aria-labelledby="account-home">
      <h2 id="account-home">{t("account.home")}</h2>
      <p className="quiet">{t("account.home_what")}</p>
      {declared.error !== null && <Problem error={declared.error} onReload={declared.reload} />}
      {one && (
        <p role="status">
          {one.declared_at === null
            ? t("account.home_none")
            : t("account.home_is", {
                place: one.home_territory_id === null ? "–" : (names.territory(one.home_territory_id) ?? String(one.home_territory_id)),
                address: t(one.has_address ? "account.home_kept" : "account.home_no_address"),
                at: f.full(one.declared_at, "day"),
              })}
        </p>
      )}
      <form onSubmit={submit} className="account-add">
        {sending.error !== null && <Problem error={sending.error} onRetry={sending.retry} />}
        <TerritoryPicker key={round} value={territory} label={t("account.home_place")} onlySmallest onChange={setTerritory} />
        <label className="field">
          <span>{t("account.home_address")}</span>
          <input className="input" dir="auto" autoComplete="off" maxLength={200} value={address} onChange={(event) => setAddress(event.target.value)} />
        </label>
        <div className="account-buttons">
          <button type="submit" className="button is-primary" disabled={sending.busy || (territory === "" && address.trim() === "")}>
            {sending.busy ? t("sending.busy") : t(one?.declared_at == null ? "account.home_declare" : "account.home_anew")}
          </button>
          {one?.declared_at != null && (
            <button type="button" className="button" disabled={sending.busy} onClick={() => sending.send("DELETE", PATH, undefined, done)}>
              {t("account.home_withdraw")}
            </button>
          )}
        </div>
      </form>
    </section>
  );
}
