/** How an entry that came in long after its time says so: in the timeline, at its stage and at the closing. */
import { ENTERED_VIA, type EnteredVia, type Stage, type TimelineEntry } from "../../api/types";
import { useWords, type Words } from "../../context";
import { stageOf } from "./stage-of";

function isVia(source: string): source is EnteredVia {
  return (ENTERED_VIA as readonly string[]).includes(source);
}

export function lateText(entry: TimelineEntry, { t, f }: Words): string {
  return t("late.mark", { via: isVia(entry.occurred.source) ? t(`late.via.${entry.occurred.source}`) : entry.actor.name, at: f.shortClock(entry.recorded_at, Date.now()) });
}

/** The late entry that a time of a unit's stage stands on, if it is one. */
export function lateStage(entries: readonly TimelineEntry[], unitId: string, stage: Stage, at: string): TimelineEntry | undefined {
  return entries.find((entry) => {
    if (!entry.late || entry.void || entry.corrected_by !== null || entry.occurred.at === null) return false;
    const about = stageOf(entry);
    return about?.unitId === unitId && about.stage === stage && Date.parse(entry.occurred.at) === Date.parse(at);
  });
}

/** The late entry of the last closing; none when it was closed at its time. */
export function lateClosing(entries: readonly TimelineEntry[]): TimelineEntry | undefined {
  const closing = entries.findLast((entry) => entry.type.startsWith("incident.closed"));
  return closing?.late ? closing : undefined;
}

/** A word beside a time; what it means stands in its title and is read aloud. */
export function LateMark({ entry }: { entry: TimelineEntry }) {
  const words = useWords();
  const text = lateText(entry, words);
  return (
    <span className="late-mark" title={text}>
      <span aria-hidden="true"> {words.t("late.short")}</span>
      <span className="sr-only"> {text}</span>
    </span>
  );
}
