/** Who hands over to whom now: an offer of somebody else is taken over, one's own waits, and without any one may sign out. */
import { useEffect } from "react";
import { Link } from "react-router";
import { useNames, useSession, useWords } from "../../context";
import { Problem } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";
import { useRead } from "../../ui/use-read";
import { HandoverOffer } from "./handover-offer";
import { HandoverCardView } from "./handover-card";
import type { Handover } from "./types";

const LOOK_AGAIN_MS = 10_000; // The other officer stands at the same desk: a few seconds late is soon enough.

export function HandoverScreen({ id }: { id: string | undefined }) {
  const { me } = useSession();
  const { t } = useWords();
  const list = useRead<{ items: Handover[] }>("/api/handovers?limit=30");
  const { reload } = list;
  useEffect(() => {
    const timer = setInterval(reload, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [reload]);
  const items = list.data?.items ?? [];
  if (id) return <HandoverCardView key={id} id={id} onDone={reload} />;
  const offered = items.filter((one) => one.state === "offered");
  const mine = offered.find((one) => one.from.id === me.account.id);
  const others = offered.filter((one) => one.from.id !== me.account.id);
  return (
    <>
      {list.error !== null && <Problem error={list.error} onRetry={reload} />}
      {others.map((one) => (
        <OfferBand key={one.id} handover={one} />
      ))}
      {mine ? <Waiting handover={mine} onDone={reload} /> : list.data && <HandoverOffer onDone={reload} />}
      {list.loading && !list.data && <p className="quiet pad">{t("app.loading")}</p>}
      <Past items={items.filter((one) => one.state !== "offered")} />
    </>
  );
}

function OfferBand({ handover }: { handover: Handover }) {
  const { t, f } = useWords();
  const names = useNames();
  return (
    <p className="notice is-warning offer-band">
      <span>
        {t("handover.offered_by", { name: handover.from.name, at: f.full(handover.signed_out_at, "minute"), place: names.territory(handover.territory_id) ?? t("unknown") })}
      </span>
      <Link className="button is-primary" to={`/briefing/handover/${handover.id}`}>
        {t("handover.take")}
      </Link>
    </p>
  );
}

function Waiting({ handover, onDone }: { handover: Handover; onDone: () => void }) {
  const { t, f } = useWords();
  const withdrawal = useCommand();
  return (
    <section className="panel waiting" aria-label={t("handover.waiting_title")}>
      <div className="panel-head">
        <h2>{t("handover.waiting_title")}</h2>
      </div>
      <div className="pad">
        <p>{t("handover.you_signed", { at: f.full(handover.signed_out_at) })}</p>
        <p className="big num" role="status">
          {handover.to
            ? t("handover.progress_by", { n: f.number(handover.acknowledged), all: f.number(handover.items), name: handover.to.name })
            : t("handover.nobody_yet")}
        </p>
        {withdrawal.error !== null && <Problem error={withdrawal.error} onReload={onDone} onRetry={withdrawal.retry} />}
        <p className="actions">
          <Link className="button" to={`/briefing/handover/${handover.id}`}>
            {t("handover.look")}
          </Link>
          <button
            type="button" className="button" disabled={withdrawal.busy}
            onClick={() => withdrawal.send("POST", `/api/handovers/${handover.id}/withdrawal`, undefined, onDone)}
          >
            {t("handover.withdraw")}
          </button>
        </p>
      </div>
    </section>
  );
}

function Past({ items }: { items: Handover[] }) {
  const { t, f } = useWords();
  const names = useNames();
  if (items.length === 0) return null;
  return (
    <details className="past">
      <summary>{t("handover.past", { n: f.number(items.length) })}</summary>
      <div className="table-wrap" tabIndex={0} role="region" aria-label={t("handover.past", { n: f.number(items.length) })}>
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{t("handover.signed_out")}</th>
              <th scope="col">{t("handover.from")}</th>
              <th scope="col">{t("handover.signed_in")}</th>
              <th scope="col">{t("handover.to")}</th>
              <th scope="col">{t("facts.territory")}</th>
              <th scope="col">{t("handover.state")}</th>
            </tr>
          </thead>
          <tbody>
            {items.map((one) => (
              <tr key={one.id}>
                <th scope="row" className="num">
                  <Link to={`/briefing/handover/${one.id}`}>{f.full(one.signed_out_at, "minute")}</Link>
                </th>
                <td dir="auto">{one.from.name}</td>
                <td className="num">{one.signed_in_at ? f.full(one.signed_in_at, "minute") : "–"}</td>
                <td dir="auto">{one.to?.name ?? "–"}</td>
                <td dir="auto">{names.territory(one.territory_id) ?? t("unknown")}</td>
                <td>{t(`handover.state.${one.state}`)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
