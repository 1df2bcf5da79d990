/** Incidents the call may be about. A digit adds the call to one of them, Enter opens a new one; nothing is joined by itself. */
import { useRef, type KeyboardEvent } from "react";
import type { NearbyIncident } from "../../api/calls";
import { useNames, useWords } from "../../context";
import { Kbd, PriorityMark } from "../../ui/marks";
import { digitOf } from "./keys";

interface Props {
  items: readonly NearbyIncident[];
  isKnown: boolean;
  loading: boolean;
  failed: boolean;
  busy: boolean;
  canOpen: boolean;
  onJoin: (incidentId: string) => void;
  onOpen: () => void;
}

export function Duplicates(props: Props) {
  const { t } = useWords();
  const section = useRef<HTMLElement>(null);
  const open = props.items.filter(({ incident }) => incident.status === "open");
  const closed = props.items.filter(({ incident }) => incident.status !== "open");
  const press = (event: KeyboardEvent) => {
    if (event.target !== section.current) return;
    const digit = digitOf(event.nativeEvent);
    const chosen = digit === null ? undefined : open[digit - 1];
    if (chosen) {
      event.preventDefault();
      props.onJoin(chosen.incident.id);
    } else if (event.key === "Enter" && props.canOpen) {
      event.preventDefault();
      props.onOpen();
    }
  };
  const words = !props.isKnown ? t("call.duplicates_unknown", { enter: "Enter" }) : props.loading ? t("call.duplicates_loading") : props.failed ? t("call.duplicates_failed") : props.items.length === 0 ? t("call.duplicates_none", { enter: "Enter" }) : open.length === 0 ? t("call.duplicates_closed", { n: closed.length, enter: "Enter" }) : t("call.duplicates_some", { n: props.items.length, enter: "Enter" });
  return (
    <section ref={section} id="call-duplicates" className="decide" tabIndex={0} aria-labelledby="duplicates-title" aria-busy={props.loading} onKeyDown={press}>
      <h2 id="duplicates-title">{t("call.duplicates")}</h2>
      <p className={props.failed ? "wrong" : "quiet"} role="status">
        {words}
      </p>
      <ol className="likely">
        {open.map((item, at) => (
          <li key={item.incident.id}>
            <button type="button" className="likely-row" disabled={props.busy} onClick={() => props.onJoin(item.incident.id)}>
              <Kbd>{String(at + 1)}</Kbd>
              <Likely item={item} />
              <span className="join">{t("call.join")}</span>
            </button>
          </li>
        ))}
        {closed.map((item) => (
          <li key={item.incident.id} className="likely-row is-closed">
            <Likely item={item} />
            <span className="quiet">{t("call.closed_already")}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Likely({ item }: { item: NearbyIncident }) {
  const { t, f } = useWords();
  const names = useNames();
  const { incident } = item;
  return (
    <span className="likely-what">
      <PriorityMark code={incident.priority} /> <b>{names.category(incident.category)}</b> <span className="num">#{incident.number}</span>{" · "}
      <span className="quiet num">
        {item.within_accuracy ? t("call.same_place") : f.distance(item.distance_m)} · {t("call.minutes_apart", { n: item.minutes })}
        {item.same_category ? ` · ${t("call.same_category")}` : ""} · {t("call.calls", { n: incident.calls })}
        {incident.held ? ` · ${t("call.held", { until: f.dayClock(incident.held.until, Date.now()) })}` : ""}
        {incident.place_label && (
          <>
            {" · "}
            <bdi>{incident.place_label}</bdi>
          </>
        )}
      </span>
    </span>
  );
}
