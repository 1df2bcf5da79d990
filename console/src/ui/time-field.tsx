/**
 * A date and a time as plain text, always 24 hours: the browser's own picker follows the computer's language, not the desk's.
 * Gives ISO 8601 in UTC, or null while what is typed is not a time.
 */
import { useId, useState } from "react";
import { useWords } from "../context";
import { toIso, type TimeText } from "./time-text";

export function TimeField(props: { label: string; value: TimeText; onChange: (value: TimeText) => void }) {
  const { t } = useWords();
  const hint = useId();
  const [touched, setTouched] = useState(false);
  const isWrong = touched && toIso(props.value) === null;
  return (
    <fieldset className="field time-field">
      <legend>{props.label}</legend>
      <input
        aria-label={t("time.day")} aria-describedby={hint} aria-invalid={isWrong} className="num" size={10} value={props.value.day}
        onChange={(event) => props.onChange({ ...props.value, day: event.target.value })} onBlur={() => setTouched(true)}
      />
      <input
        aria-label={t("time.clock")} aria-describedby={hint} aria-invalid={isWrong} className="num" size={8} value={props.value.clock}
        onChange={(event) => props.onChange({ ...props.value, clock: event.target.value })} onBlur={() => setTouched(true)}
      />
      <small id={hint} className={isWrong ? "wrong" : "quiet"}>
        {isWrong ? t("time.wrong") : t("time.hint")}
      </small>
    </fieldset>
  );
}
