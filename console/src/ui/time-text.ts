/** A date and a time as people type them, in the time zone of the desk; ISO 8601 in UTC on the other side. */

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
