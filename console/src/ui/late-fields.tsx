/** What was written down first and is entered later: where it stood and when it happened. Folded away, because what happens now needs neither. */
import { useEffect, useRef } from "react";
import { ENTERED_VIA, type EnteredVia } from "../api/types";
import { useWords } from "../context";
import { session } from "../session";
import { Kbd } from "./marks";
import { TimeField } from "./time-field";
import { toIso, toText, type TimeText } from "./time-text";

export interface Late {
  via: EnteredVia;
  time: TimeText;
}

/** Of a log of the radio, now, until something else is typed. */
export function newLate(): Late {
  return { via: "radio", time: toText(session.store.time.now_ms()) };
}

/** What goes into the body of an act: nothing for what happens now, null while the time is none. */
export function statedOf(late: Late | null): { occurred_at?: string; via?: EnteredVia } | null {
  if (late === null) return {};
  const occurred_at = toIso(late.time);
  return occurred_at === null ? null : { occurred_at, via: late.via };
}

export function LateFold({ late, onChange, shortcut }: { late: Late | null; onChange: (late: Late | null) => void; shortcut?: string }) {
  const { t } = useWords();
  return (
    <>
      <button type="button" className="button is-quiet" aria-expanded={late !== null} onClick={() => onChange(late === null ? newLate() : null)}>
        {t(late === null ? "late.open" : "late.fold")} {shortcut !== undefined && late === null && <Kbd>{shortcut}</Kbd>}
      </button>
      {late !== null && <LateFields late={late} onChange={onChange} />}
    </>
  );
}

function LateFields({ late, onChange }: { late: Late; onChange: (late: Late) => void }) {
  const { t } = useWords();
  const first = useRef<HTMLSelectElement>(null);
  useEffect(() => first.current?.focus(), []);
  return (
    <div className="late-fields">
      <ViaField value={late.via} onChange={(via) => onChange({ ...late, via })} focusedBy={first} />
      <TimeField label={t("late.stated")} value={late.time} onChange={(time) => onChange({ ...late, time })} />
    </div>
  );
}

export function ViaField(props: { value: EnteredVia; onChange: (via: EnteredVia) => void; focusedBy?: React.Ref<HTMLSelectElement> }) {
  const { t } = useWords();
  return (
    <label className="field">
      <span>{t("late.via")}</span>
      <select ref={props.focusedBy} value={props.value} onChange={(event) => props.onChange(event.target.value as EnteredVia)}>
        {ENTERED_VIA.filter((one) => one !== "console").map((one) => (
          <option key={one} value={one}>
            {t(`late.via.${one}`)}
          </option>
        ))}
      </select>
    </label>
  );
}
