/** What helps while the call lasts: the guide card, hazards and the history of the place. It stands beside the form and never takes the focus. */
import { Mark } from "../../access/mark";
import type { Access } from "../../api/access";
import type { GuideCard, Hazard, PlaceHistory } from "../../api/calls";
import { useNames, useSession, useWords } from "../../context";
import { useRead } from "../../ui/use-read";

export function Guide({ category, covert }: { category: string; covert: boolean }) {
  const { t, name } = useWords();
  const names = useNames();
  const { data } = useRead<{ guides: GuideCard[] }>("/api/guides");
  const card = data?.guides.find((one) => one.category === category);
  return (
    <section className="known" aria-labelledby="guide-title">
      <h2 id="guide-title">{category === "" ? t("call.guide") : t("call.guide_of", { category: names.category(category) })}</h2>
      {covert && <p className="notice is-warning">{t("call.covert_guide")}</p>}
      {!card ? (
        <p className="quiet">{category === "" ? t("call.guide_wait") : t("call.guide_none")}</p>
      ) : (
        <div className="guide">
          <Lines title={t("call.ask")} lines={card.questions.map((line) => name(line, ""))} />
          <Lines title={t("call.say")} lines={card.instructions.map((line) => name(line, ""))} />
        </div>
      )}
    </section>
  );
}

function Lines({ title, lines }: { title: string; lines: string[] }) {
  return (
    <div>
      <h3>{title}</h3>
      <ol>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ol>
    </div>
  );
}

/** `purpose` names the call or the incident for which one looks: the server records it. Null: nothing may be looked at yet. */
export function Hazards({ purpose }: { purpose: string | null }) {
  const { t } = useWords();
  const { data, error } = useRead<{ items: Hazard[]; access?: Access }>(purpose === null ? null : `/api/hazards?${purpose}`);
  return (
    <section className="known" aria-labelledby="hazards-title">
      <h2 id="hazards-title">{t("call.hazards")}</h2>
      {error !== null ? <p className="wrong">{t("call.unread")}</p> : purpose === null ? <p className="quiet">{t("call.place_first")}</p> : data?.items.length === 0 && <p className="quiet">{t("call.hazards_none")}</p>}
      <HazardList items={data?.items ?? []} />
      <Mark access={data?.access} />
    </section>
  );
}

/** `onWithdraw`: this person may end a note. */
export function HazardList({ items, onWithdraw }: { items: Hazard[]; onWithdraw?: ((item: Hazard) => void) | undefined }) {
  const { t, f, name } = useWords();
  const { codes } = useSession();
  const word = (list: typeof codes.hazard_grounds, code: string) => name(list.find((one) => one.code === code)?.names, code);
  return (
    <ul className="hazards">
      {items.map((item) => (
        <li key={item.id} className="notice is-warning">
          <b>▲ {word(codes.hazard_grounds, item.ground)}</b> <span className="outside-text" dir="auto">{item.text ?? t("parties.erased")}</span>
          <small className="quiet">
            {t("call.hazard_source", { source: word(codes.hazard_sources, item.source), distance: f.distance(item.distance_m), time: f.full(item.expires_at, "day") })}
          </small>
          {onWithdraw && (
            <button type="button" className="button is-quiet is-small" onClick={() => onWithdraw(item)}>
              {t("known.withdraw")}
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

export function History({ purpose, level = 2 }: { purpose: string | null; level?: 2 | 3 }) {
  const { t, f } = useWords();
  const names = useNames();
  const { data, error } = useRead<PlaceHistory>(purpose === null ? null : `/api/places/history?${purpose}`);
  return (
    <section className="known" aria-labelledby="history-title">
      {level === 2 ? <h2 id="history-title">{t("call.history")}</h2> : <h3 id="history-title">{t("call.history")}</h3>}
      {error !== null ? <p className="wrong">{t("call.unread")}</p> : purpose === null ? <p className="quiet">{t("call.place_first")}</p> : data?.items.length === 0 && <p className="quiet">{t("call.history_none", { distance: f.distance(data.radius_m) })}</p>}
      {data !== null && data.items.length > 0 && (
        <>
          <p className="quiet">{t(data.is_cut ? "call.history_cut" : "call.history_within", { n: data.items.length, distance: f.distance(data.radius_m) })}</p>
          <ul className="history">
            {data.counts.map((row) => (
              <li key={`${row.category} ${row.outcome ?? ""}`}>
                <span>
                  {names.category(row.category)}: {row.outcome === null ? t("call.still_open") : row.outcome === "closed" ? t("card.closed") : names.outcome(row.outcome)}
                </span>
                <span className="num">{f.number(row.count)}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      <Mark access={data?.access} />
    </section>
  );
}
