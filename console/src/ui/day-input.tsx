/** One day as yyyy-mm-dd in every language; the browser's own field would write it as its own settings say. Told when it is left or Enter is pressed. */
import { useEffect, useState } from "react";
import { useWords } from "../context";

const DAY = /^\d{4}-\d{2}-\d{2}$/;

interface Props {
  label: string;
  /** yyyy-mm-dd */
  value: string;
  max: string;
  onChange: (day: string) => void;
}

export function DayInput({ label, value, max, onChange }: Props) {
  const { t } = useWords();
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const isRight = DAY.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) && text <= max;
  const commit = () => isRight && text !== value && onChange(text);
  return (
    <input
      className="num" size={10} aria-label={label} placeholder={t("time.day_format")} value={text} aria-invalid={!isRight} title={isRight ? undefined : t("time.wrong")}
      onChange={(event) => setText(event.target.value)} onBlur={commit} onKeyDown={(event) => event.key === "Enter" && commit()}
    />
  );
}
