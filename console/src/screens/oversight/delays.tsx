/** Delays of disclosure: what stands, for whom to renew or end, and the dialog that sets one. Looks are numbers of entries here. */
import { useState } from "react";
import { Link } from "react-router";
import { may } from "../../api/permissions";
import { useNames, useSession, useWords } from "../../context";
import { Problem } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";
import { useRead } from "../../ui/use-read";
import { CommandForm } from "../incident/command-form";
import { GROUNDS, type Delay, type DelayGround } from "./types";

const LONGEST_MONTHS = 12;

export function DelaysTab() {
  const { t, f } = useWords();
  const { me } = useSession();
  const names = useNames();
  const sending = useCommand();
  const list = useRead<{ items: Delay[] }>("/api/oversight/delays/running");
  const [renewing, setRenewing] = useState<string | null>(null);
  const items = list.data?.items ?? [];
  return (
    <section>
      <h2>{t("delay.title")}</h2>
      <p className="quiet small definition">{t("delay.note")}</p>
      {list.error !== null && <Problem error={list.error} onReload={list.reload} />}
      {sending.error !== null && <Problem error={sending.error} onReload={() => (sending.clear(), list.reload())} onRetry={sending.retry} />}
      {list.data && items.length === 0 && <p className="empty">{t("delay.none")}</p>}
      {items.length > 0 && (
        <div className="table-wrap" tabIndex={0} role="region" aria-label={t("delay.title")}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{t("delay.ground")}</th>
                <th scope="col">{t("facts.territory")}</th>
                <th scope="col">{t("delay.from")}</th>
                <th scope="col">{t("delay.until")}</th>
                <th scope="col" className="num">{t("delay.looks")}</th>
                <th scope="col">{t("delay.act")}</th>
              </tr>
            </thead>
            <tbody>
              {items.map((one) => (
                <tr key={one.id}>
                  <th scope="row">{t(`right.ground.${one.ground}`)}</th>
                  <td>{names.territory(one.territory_id) ?? "?"}</td>
                  <td className="num">{f.full(one.begins_at, "day")}</td>
                  <td className="num">{f.full(one.ends_at, "day")}</td>
                  <td className="num">
                    <details>
                      <summary>{f.number(one.looks)}</summary>
                      {one.entries.map((id) => (
                        <span key={id}>{may(me, "read_log") ? <Link to={`/oversight/entries?number=${id}`}>№{id}</Link> : `№${id}`} </span>
                      ))}
                    </details>
                  </td>
                  <td>
                    {one.is_renewed && t("delay.renewed")}
                    {!one.is_renewed && may(me, "renew_delays") && !one.is_renewable && t("delay.renew_from", { day: f.full(one.renewable_from, "day") })}
                    {one.is_renewable && may(me, "renew_delays") && (
                      <button type="button" className="button is-small" onClick={() => setRenewing(one.id)}>
                        {t("delay.renew")}
                      </button>
                    )}
                    {may(me, "handle_rights") && (
                      <button type="button" className="button is-small" disabled={sending.busy} onClick={() => sending.send("POST", `/api/oversight/delays/${one.id}/end`, undefined, list.reload)}>
                        {t("delay.end")}
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {renewing && <DelayDialog renews={renewing} onClose={() => setRenewing(null)} onDone={() => (setRenewing(null), list.reload())} />}
    </section>
  );
}

/** Sets a delay for looks, or renews one. */
export function DelayDialog({ entries, renews, onClose, onDone }: { entries?: number[]; renews?: string; onClose: () => void; onDone: () => void }) {
  const { t } = useWords();
  const sending = useCommand();
  const [ground, setGround] = useState<DelayGround | null>(null);
  const [months, setMonths] = useState("3");
  const count = Number(months);
  const isWhole = Number.isInteger(count) && count >= 1 && count <= LONGEST_MONTHS;
  const title = renews ? t("delay.renew") : t("right.delay", { n: entries?.length ?? 0 });
  const path = renews ? `/api/oversight/delays/${renews}/renewal` : "/api/oversight/delays";
  const body = { ground, months: count, ...(entries ? { entries } : {}) };
  return (
    <CommandForm title={title} submit={title} sending={sending} canSubmit={ground !== null && isWhole} onReload={onDone} onClose={onClose} onSubmit={() => sending.send("POST", path, body, onDone)}>
      <p>{t("delay.sure")}</p>
      <fieldset className="field choices">
        <legend>{t("delay.ground")}</legend>
        {GROUNDS.map((code) => (
          <label key={code} className="check">
            <input type="radio" name="ground" checked={ground === code} onChange={() => setGround(code)} />
            {t(`right.ground.${code}`)}
          </label>
        ))}
      </fieldset>
      <label className="field">
        <span>{t("delay.months")}</span>
        <input className="input num" type="number" min={1} max={LONGEST_MONTHS} value={months} onChange={(event) => setMonths(event.target.value)} />
      </label>
    </CommandForm>
  );
}
