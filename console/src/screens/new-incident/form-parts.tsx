import type { ReactNode } from "react";
import { useWords } from "../../context";

export function Field({ label, hint, problem, children }: { label: string; hint?: string; problem?: string | undefined; children: ReactNode }) {
  return (
    <label className="field">
      <span>{label}</span>
      {children}
      {problem ? (
        <small className="wrong" dir="auto">
          {problem}
        </small>
      ) : (
        hint && <small className="quiet">{hint}</small>
      )}
    </label>
  );
}

interface SelectProps {
  label: string;
  value: string;
  choices: [string, string][];
  problem: string | undefined;
  autoFocus?: boolean;
  onChange: (code: string) => void;
}

export function CodeSelect(props: SelectProps) {
  const { t } = useWords();
  return (
    <Field label={props.label} problem={props.problem}>
      <select value={props.value} required autoFocus={props.autoFocus ?? false} onChange={(event) => props.onChange(event.target.value)}>
        <option value="">{t("field.choose")}</option>
        {props.choices.map(([code, label]) => (
          <option key={code} value={code}>
            {label}
          </option>
        ))}
      </select>
    </Field>
  );
}
