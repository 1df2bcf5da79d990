/** What persons ask about their own data: the requests by their clock, a new one, and which ended delays are to be told. */
import { Link } from "react-router";
import { useWords } from "../../context";
import { Problem } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";
import { useRead } from "../../ui/use-read";
import { RequestForm } from "./request-form";
import { RequestView } from "./request-view";
import { dueDay } from "./due";
import { DueMark } from "./due-mark";
import type { RightLine, RightList } from "./types";

export function RightsTab({ id }: { id: string | undefined }) {
  const { t } = useWords();
  const list = useRead<RightList>("/api/oversight/requests");
  const items = list.data?.items ?? [];
  return (
    <div className={`oversight-split ${id ? "has-one" : ""}`}>
      <section className="oversight-list" aria-label={t("oversight.tab.rights")}>
        <div className="page-head">
          <h2>{t("right.requests")}</h2>
          <Link className="button is-primary" to="/oversight/rights/new">
            {t("right.new")}
          </Link>
        </div>
        {list.error !== null && <Problem error={list.error} onReload={list.reload} />}
        {list.data && <ToTell list={list.data} onDone={list.reload} />}
        {list.data && items.length === 0 && <p className="empty">{t("right.none")}</p>}
        <ol>
          {items.map((item) => (
            <RequestLine key={item.id} item={item} isHere={item.id === id} />
          ))}
        </ol>
      </section>
      {id === "new" ? <RequestForm onDone={list.reload} /> : id && <RequestView key={id} id={id} onChanged={list.reload} />}
    </div>
  );
}

function RequestLine({ item, isHere }: { item: RightLine; isHere: boolean }) {
  const { t, f } = useWords();
  return (
    <li>
      <Link to={`/oversight/rights/${item.id}`} className={`oversight-row ${isHere ? "is-here" : ""}`} aria-current={isHere ? "page" : undefined}>
        <span className="oversight-label num">{item.number}</span>
        <span>{t(`right.kind.${item.kind}`)}</span>
        <span className="num quiet">{f.full(item.received_at, "day")}</span>
        {item.answer ? (
          <span>{t(`right.answer.${item.answer}`)}</span>
        ) : (
          <DueMark item={item} />
        )}
      </Link>
    </li>
  );
}

/** A delay has ended: whoever asked must hear now what they were not told. */
function ToTell({ list, onDone }: { list: RightList; onDone: () => void }) {
  const { t, f } = useWords();
  const sending = useCommand();
  if (list.to_tell.length === 0) return null;
  return (
    <section className="notice is-warning">
      <h3>{t("right.to_tell")}</h3>
      {sending.error !== null && <Problem error={sending.error} onReload={() => (sending.clear(), onDone())} onRetry={sending.retry} />}
      <ul>
        {list.to_tell.map((one) => (
          <li key={one.delay_id}>
            {one.numbers.length > 0 ? t("right.tell_those", { numbers: one.numbers.join(", ") }) : t("right.tell_nobody")} <span className="num quiet">{t("review.due", { day: f.full(dueDay(one.due_at), "day") })}</span>{" "}
            <button type="button" className="button is-small" disabled={sending.busy} onClick={() => sending.send("POST", `/api/oversight/delays/${one.delay_id}/told`, undefined, onDone)}>
              {t("right.told")}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
