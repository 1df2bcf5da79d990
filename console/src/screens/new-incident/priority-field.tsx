/** How urgent: the category's proposal stands already; a digit chooses another, which wants a reason. Enter goes on. */
import { useEffect, useRef, type KeyboardEvent } from "react";
import { useNames, useSession, useWords } from "../../context";
import { Kbd, PriorityMark } from "../../ui/marks";
import { digitOf } from "./keys";

interface Props {
  value: string;
  proposed: string;
  reason: string;
  disabled: boolean;
  onChoose: (priority: string) => void;
  onReason: (reason: string) => void;
  onNext: () => void;
}

export function PriorityField(props: Props) {
  const { codes } = useSession();
  const names = useNames();
  const { t } = useWords();
  const reason = useRef<HTMLInputElement>(null);
  const differs = props.value !== "" && props.proposed !== "" && props.value !== props.proposed;
  const wantsReason = useRef(false);
  useEffect(() => {
    if (differs && wantsReason.current) reason.current?.focus();
    wantsReason.current = false;
  }, [differs, props.value]);
  const press = (event: KeyboardEvent) => {
    const digit = digitOf(event.nativeEvent);
    const chosen = digit === null ? undefined : codes.priorities[digit - 1];
    if (chosen) {
      event.preventDefault();
      wantsReason.current = true;
      props.onChoose(chosen.code);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (props.value !== "") props.onNext();
    }
  };
  return (
    <div className="field priority-field">
      <fieldset className="priorities" disabled={props.disabled} onKeyDown={press}>
        <legend>
          {t("field.priority")} {props.proposed !== "" && <span className="quiet">{t("call.proposed", { priority: names.priority(props.proposed) })}</span>}
        </legend>
        {codes.priorities.map(({ code }, at) => (
          <label key={code} className={props.value === code ? "is-chosen" : ""}>
            <input type="radio" name="call-priority" value={code} checked={props.value === code} onChange={() => props.onChoose(code)} />
            <PriorityMark code={code} />
            <span>{names.priority(code).replace(/^\d:\s*/, "")}</span>
            <Kbd>{String(at + 1)}</Kbd>
          </label>
        ))}
      </fieldset>
      {differs && !props.disabled && (
        <label className="field">
          <span>{t("call.priority_reason")}</span>
          <input
            ref={reason} value={props.reason} maxLength={200} dir="auto" autoComplete="off" required
            onChange={(event) => props.onReason(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== "Enter") return;
              event.preventDefault();
              props.onNext();
            }}
          />
        </label>
      )}
    </div>
  );
}
