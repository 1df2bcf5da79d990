/** A day in the address as the moment it begins or ends, in ISO 8601: the form in which the server's own links carry it. */
import { useEffect, useState } from "react";
import { useWords } from "../context";
import { toIso, toText } from "./time-text";

const DAY_MS = 86_400_000;

/** The day that a moment of the address stands for; an end is the midnight after its day. */
export function dayOf(at: string | null, end: boolean): string {
  const at_ms = at === null ? NaN : Date.parse(at);
  return Number.isFinite(at_ms) ? toText(end ? at_ms - 1 : at_ms).day : "";
}

/** The moment for the address, or null for what is not a day. */
function momentOf(day: string, end: boolean): string | null {
  const start = toIso({ day, clock: "00:00" });
  if (start === null || !end) return start;
  // The middle of the next day, brought back to its midnight: a day is not always 24 hours long.
  return toIso({ day: toText(Date.parse(start) + DAY_MS * 1.5).day, clock: "00:00" });
}

export function DayFilter(props: { label: string; value: string | null; end?: boolean; onChange: (moment: string) => void }) {
  const { t } = useWords();
  const end = props.end ?? false;
  const kept = dayOf(props.value, end);
  const [text, setText] = useState(kept);
  useEffect(() => setText(kept), [kept]);
  const isWrong = text.trim() !== "" && momentOf(text, end) === null;
  const commit = () => {
    if (!isWrong && text.trim() !== kept) props.onChange(text.trim() === "" ? "" : (momentOf(text, end) ?? ""));
  };
  return (
    <label>
      <span>{props.label}</span>
      <input
        className="num" size={11} placeholder={t("time.day_format")} value={text} aria-invalid={isWrong} title={isWrong ? t("time.wrong") : undefined}
        onChange={(event) => setText(event.target.value)} onBlur={commit} onKeyDown={(event) => event.key === "Enter" && commit()}
      />
    </label>
  );
}
