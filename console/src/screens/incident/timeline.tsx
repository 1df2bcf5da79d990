/** What happened, when it is said to have happened and when we were told. A corrected entry is struck through, never taken away. */
import { useState } from "react";
import { STAGES, type IncidentView, type Stage, type TimelineEntry } from "../../api/types";
import { useMedia, useNames, useWords, type NameBook, type Words } from "../../context";
import { en } from "../../i18n/en";
import type { Translate } from "../../i18n/language";
import type { Key } from "../../i18n/messages";
import { useEventName } from "../../ui/event-name";
import { Problem } from "../../ui/problem";
import type { Reading } from "../../ui/use-read";
import { CorrectDialog } from "./correct-dialog";
import { lateText } from "./late-mark";
import { canStrike } from "./sendings";
import { stageOf } from "./stage-of";
import { StrikeDialog } from "./strike-dialog";

interface Props {
  incident: IncidentView;
  reading: Reading<{ entries: TimelineEntry[] }>;
  canCorrect: boolean;
  onReload: () => void;
}

export function Timeline({ incident, reading, canCorrect, onReload }: Props) {
  const { t } = useWords();
  const isNarrow = useMedia("(max-width: 899px)");
  const [correcting, setCorrecting] = useState<TimelineEntry | null>(null);
  const [striking, setStriking] = useState<TimelineEntry | null>(null);
  const entries = reading.data?.entries ?? [];
  return (
    <section aria-labelledby="timeline-title">
      <h3 id="timeline-title">{t("timeline.title")}</h3>
      {reading.error !== null && <Problem error={reading.error} />}
      <div className="table-wrap">
        <table className="timeline">
          <thead>
            <tr>
              <th scope="col">{isNarrow ? `${t("timeline.stated")} / ${t("timeline.recorded")}` : t("timeline.stated")}</th>
              {!isNarrow && <th scope="col">{t("timeline.recorded")}</th>}
              <th scope="col">{isNarrow ? `${t("timeline.what")} / ${t("timeline.who")}` : t("timeline.what")}</th>
              {!isNarrow && <th scope="col">{t("timeline.who")}</th>}
              <th scope="col">
                <span className="sr-only">{t("timeline.correct")}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {entries.map((entry, index) => (
              <Entry key={`${entry.seq}.${index}`} entry={entry} all={entries} incident={incident} isNarrow={isNarrow} onCorrect={canCorrect ? () => setCorrecting(entry) : undefined} onStrike={() => setStriking(entry)} />
            ))}
          </tbody>
        </table>
      </div>
      {correcting && <CorrectDialog incident={incident} entry={correcting} onReload={onReload} onClose={() => setCorrecting(null)} />}
      {striking && <StrikeDialog incident={incident} entry={striking} onReload={onReload} onClose={() => setStriking(null)} />}
    </section>
  );
}

function Entry(props: { entry: TimelineEntry; all: TimelineEntry[]; incident: IncidentView; isNarrow: boolean; onCorrect: (() => void) | undefined; onStrike: () => void }) {
  const { entry, all, incident, isNarrow, onCorrect, onStrike } = props;
  const words = useWords();
  const { t, f } = words;
  const eventName = useEventName();
  const names = useNames();
  const correction = entry.corrected_by === null ? undefined : all.find((one) => one.seq === entry.corrected_by);
  const isStruck = entry.void || entry.corrected_by !== null;
  const now_ms = Date.now();
  const recorded = (
    <time className="recorded" dateTime={entry.recorded_at} title={f.full(entry.recorded_at)}>
      {f.dayClock(entry.recorded_at, now_ms)}
    </time>
  );
  return (
    <tr className={isStruck ? "is-struck" : ""}>
      <td className="num">
        {entry.occurred.at ? (
          <time dateTime={entry.occurred.at} title={f.full(entry.occurred.at, entry.occurred.precision)}>
            {entry.occurred.precision === "day" || entry.occurred.precision === "month"
              ? f.full(entry.occurred.at, entry.occurred.precision)
              : f.dayClock(entry.occurred.at, now_ms)}
          </time>
        ) : (
          <span className="quiet">–</span>
        )}
        {isNarrow && <span className="quiet">{recorded}</span>}
      </td>
      {!isNarrow && <td className="num quiet">{recorded}</td>}
      <td>
        <span className="what">{whatHappened(entry, eventName(entry.type), t)}</span> <Detail text={describe(entry, all, incident, names, words)} />
        {entry.late && (
          <span className="corrected-by">
            ⏱ {lateText(entry, words)}
          </span>
        )}
        {correction && (
          <span className="corrected-by">
            {t(byWhom(entry, correction))} <bdi>{correction.actor.name}</bdi>, {f.shortClock(correction.recorded_at, now_ms)}
          </span>
        )}
        {isNarrow && (
          <span className="quiet small">
            <bdi>{entry.actor.name}</bdi>
          </span>
        )}
      </td>
      {!isNarrow && (
        <td className="quiet">
          <bdi>{entry.actor.name}</bdi>
        </td>
      )}
      <td>
        {/* What stands beside is no fact to correct: what the desk says otherwise is. */}
        {onCorrect && !isStruck && !entry.type.startsWith("incident.field_reported") && stageOf(entry) && (
          <button type="button" className="button is-quiet is-small" onClick={onCorrect}>
            {t("timeline.correct")}
          </button>
        )}
        {onCorrect && canStrike(entry, all) && (
          <button type="button" className="button is-quiet is-small" onClick={onStrike}>
            {t("strike.open")}
          </button>
        )}
      </td>
    </tr>
  );
}

function byWhom(entry: TimelineEntry, correction: TimelineEntry): Key {
  if (correction.type.startsWith("incident.sending_struck")) return "strike.by";
  return entry.void ? "timeline.void" : "timeline.corrected";
}

function Detail({ text }: { text: string }) {
  return text === "" ? null : <bdi className="detail">{text}</bdi>;
}

/** A unit was assigned or reached a stage: the stage itself is what happened. */
function isPlainStage(entry: TimelineEntry): boolean {
  return entry.type.startsWith("incident.stage_reached") || entry.type.startsWith("incident.unit_assigned");
}

function whatHappened(entry: TimelineEntry, eventName: string, t: Translate): string {
  const about = stageOf(entry);
  return about && isPlainStage(entry) && about.stage !== "assigned" ? t(`stage.do.${about.stage}`) : eventName;
}

/** A unit that the picture of the incident does not show, because its sending was taken away, is named by what told of it. */
function callSignIn(all: TimelineEntry[], unitId: string): string | null {
  const told = all.find((one) => one.detail.unit_id === unitId && typeof one.detail.call_sign === "string");
  return told ? (told.detail.call_sign as string) : null;
}

/** The coded details of an entry in words; codes nobody knows are shown as they are. */
function describe(entry: TimelineEntry, all: TimelineEntry[], incident: IncidentView, names: NameBook, { t, f }: Words): string {
  const { detail } = entry;
  const parts: string[] = [];
  const text = (key: string) => (typeof detail[key] === "string" ? (detail[key] as string) : null);
  const unitId = text("unit_id");
  const callSign = text("call_sign") ?? (unitId ? (incident.units[unitId]?.call_sign ?? callSignIn(all, unitId)) : null);
  if (callSign) parts.push(callSign);
  const stage = text("stage");
  if (stage && !isPlainStage(entry)) parts.push(STAGES.includes(stage as Stage) ? t(`stage.${stage as Stage}`) : stage);
  const priority = text("priority");
  if (priority) parts.push(names.priority(priority));
  const category = text("category");
  if (category) parts.push(names.category(category));
  const outcome = text("outcome");
  if (outcome) parts.push(names.outcome(outcome));
  const other = text("into_number") ?? text("other_number") ?? text("split_from");
  if (other) parts.push(other);
  const role = text("role");
  if (role) parts.push(nameOfRole(entry.type, role, t));
  const number = text("report_number");
  if (number) parts.push(number);
  parts.push(...changesOf(detail, names));
  if (typeof detail.was === "string" && stage) parts.push(t("timeline.was", { at: f.dayClock(detail.was, Date.now()) }));
  if (stage && "was" in detail && detail.at === null) parts.push(t("timeline.not_happened"));
  const toldOf = text("told_of");
  if (toldOf) parts.push(t("timeline.told_of", { number: toldOf }));
  const why = text("why");
  if (why) parts.push(named(`timeline.why.${why}`, why, t));
  // What is odd about a stage is said where it stands: a time that was kept all the same is no ordinary time.
  if (stage && Array.isArray(detail.flags)) parts.push(...detail.flags.map((flag) => `⚑ ${named(`flag.${flag}`, String(flag), t)}`));
  if (entry.reason) parts.push(`“${entry.reason}”`);
  return parts.join(" · ");
}

function nameOfRole(type: string, role: string, t: Translate): string {
  return named(`${type.includes("vehicle") ? "vehicles" : "parties"}.role.${role}`, role, t);
}

/** The words of a code; one that this console has not heard of is shown as it is. */
function named(key: string, code: string, t: Translate): string {
  return key in en ? t(key as Key) : code;
}

const NAMED_CHANGES = ["priority", "category", "territory_id"] as const;

/** "was → is" for each changed code; a change of place is only named by the territory it led to. */
function changesOf(detail: Record<string, unknown>, names: NameBook): string[] {
  const changes = (detail.changes ?? {}) as Record<string, { from?: unknown; to?: unknown }>;
  return NAMED_CHANGES.flatMap((key) => {
    const change = changes[key];
    if (!change) return [];
    const show = (value: unknown) => {
      if (key === "territory_id") return names.territory(Number(value)) ?? String(value);
      return key === "priority" ? names.priority(String(value)) : names.category(String(value));
    };
    return [`${show(change.from)} → ${show(change.to)}`];
  });
}
