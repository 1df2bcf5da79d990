/**
 * A date and a time as plain text, always 24 hours: the browser's own picker follows the computer's language, not the desk's.
 * Gives ISO 8601 in UTC, or null while what is typed is not a time.
 */
import { useId, useState } from "react";
import { useWords } from "../context";

export interface TimeText {
  day: string;
  clock: string;
}

export function toText(at_ms: number): TimeText {
  const date = new Date(at_ms);
  const two = (n: number) => String(n).padStart(2, "0");
  return {
    day: `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`,
    clock: `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`,
  };
}

export function toIso({ day, clock }: TimeText): string | null {
  const d = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day.trim());
  const c = /^(\d{1,2})[:.]?(\d{2})(?:[:.]?(\d{2}))?$/.exec(clock.trim());
  if (!d || !c) return null;
  const [year, month, date, h, min, s] = [d[1], d[2], d[3], c[1], c[2], c[3] ?? "0"].map(Number) as [number, number, number, number, number, number];
  if (h > 23 || min > 59 || s > 59) return null;
  const at = new Date(year, month - 1, date, h, min, s);
  return at.getMonth() === month - 1 && at.getDate() === date ? at.toISOString() : null;
}

export function TimeField(props: { label: string; value: TimeText; onChange: (value: TimeText) => void }) {
  const { t } = useWords();
  const hint = useId();
  const [touched, setTouched] = useState(false);
  const isWrong = touched && toIso(props.value) === null;
  return (
    <fieldset className="field time-field">
      <legend>{props.label}</legend>
      <input
        aria-label={t("time.day")} aria-describedby={hint} aria-invalid={isWrong} className="num" size={10} placeholder="2025-11-21" value={props.value.day}
        onChange={(event) => props.onChange({ ...props.value, day: event.target.value })} onBlur={() => setTouched(true)}
      />
      <input
        aria-label={t("time.clock")} aria-describedby={hint} aria-invalid={isWrong} className="num" size={8} placeholder="03:12:45" value={props.value.clock}
        onChange={(event) => props.onChange({ ...props.value, clock: event.target.value })} onBlur={() => setTouched(true)}
      />
      <small id={hint} className={isWrong ? "wrong" : "quiet"}>
        {isWrong ? t("time.wrong") : t("time.hint")}
      </small>
    </fieldset>
  );
}
