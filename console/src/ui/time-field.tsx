/**
 * A date and a time as plain text, always 24 hours: the browser's own picker follows the computer's language, not the desk's.
 * Gives ISO 8601 in UTC, or null while what is typed is not a time.
 */
import { useId, useState } from "react";
import { useWords } from "../context";
import { toIso, type TimeText } from "./time-text";

interface Props {
  label: string;
  value: TimeText;
  onChange: (value: TimeText) => void;
  /** No clock typed means not known; it is not wrong. */
  isOptional?: boolean;
  /** Among others that share one hint. */
  isBare?: boolean;
}

export function TimeField(props: Props) {
  const { t } = useWords();
  const hint = useId();
  const [touched, setTouched] = useState(false);
  const isLeft = props.isOptional && props.value.clock.trim() === "";
  const isWrong = touched && !isLeft && toIso(props.value) === null;
  return (
    <fieldset className="field time-field">
      <legend>{props.label}</legend>
      <input
        aria-label={t("time.day")} aria-describedby={isWrong || !props.isBare ? hint : undefined} aria-invalid={isWrong} className="num" size={10} value={props.value.day}
        onChange={(event) => props.onChange({ ...props.value, day: event.target.value })} onBlur={() => setTouched(true)}
      />
      <input
        aria-label={t("time.clock")} aria-describedby={isWrong || !props.isBare ? hint : undefined} aria-invalid={isWrong} className="num" size={8} value={props.value.clock}
        onChange={(event) => props.onChange({ ...props.value, clock: event.target.value })} onBlur={() => setTouched(true)}
      />
      {(isWrong || !props.isBare) && (
        <small id={hint} className={isWrong ? "wrong" : "quiet"}>
          {isWrong ? t("time.wrong") : t("time.hint")}
        </small>
      )}
    </fieldset>
  );
}
