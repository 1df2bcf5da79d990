/** Times, ages, numbers and distances as one language writes them. Always 24 hours; figures are made to stand in columns by CSS. */
import type { LanguageTag, Precision } from "../api/types";
import { NUMBER_LOCALE, type Translate } from "./language";

export interface Formats {
  /** 03:12:45 */
  clock(at: string | number): string;
  /** 03:12 today, 21.11 03:12 on another day */
  shortClock(at: string | number, now_ms: number): string;
  /** 03:12:45 today, 21.11 03:12:45 on another day of this year, the full form before */
  dayClock(at: string | number, now_ms: number): string;
  /** 21.11.2025 03:12:45, or as much of it as is known */
  full(at: string | number, precision?: Precision): string;
  /** 21.11.2025 03:12:45 (UTC+05:00): for a mark that is read elsewhere and later */
  zoned(at: string | number): string;
  /** 42 s, 12 min, 1 h 05 min, 3 d */
  age(age_s: number): string;
  /** 7:32 */
  duration(duration_s: number): string;
  number(value: number): string;
  /** 0.4 */
  tenths(value: number): string;
  distance(distance_m: number): string;
  /** How far off a place may be: to the metre while metres count. */
  reach(accuracy_m: number): string;
  coordinates(lon: number, lat: number): string;
  compare(a: string, b: string): number;
}

const DAY_S = 86_400;

export function formats(tag: LanguageTag, t: Translate): Formats {
  const numbers = new Intl.NumberFormat(NUMBER_LOCALE[tag]);
  const oneDigit = new Intl.NumberFormat(NUMBER_LOCALE[tag], { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const day = new Intl.DateTimeFormat(tag === "en" ? "en-GB" : "ru", {
    day: "2-digit", month: tag === "en" ? "short" : "2-digit", year: "numeric",
  });
  const shortDay = new Intl.DateTimeFormat(tag === "en" ? "en-GB" : "ru", { day: "2-digit", month: tag === "en" ? "short" : "2-digit" });
  const month = new Intl.DateTimeFormat(tag === "en" ? "en-GB" : "ru", { month: tag === "en" ? "short" : "2-digit", year: "numeric" });
  const collator = new Intl.Collator(collation(tag), { numeric: true });

  const full = (at: string | number, precision: Precision = "second") => {
    const date = new Date(at);
    if (precision === "month") return month.format(date);
    if (precision === "day") return day.format(date);
    const clock = time.format(date);
    return `${day.format(date)} ${precision === "minute" ? clock.slice(0, 5) : clock}`;
  };

  return {
    clock: (at) => time.format(new Date(at)),
    shortClock(at, now_ms) {
      const date = new Date(at);
      const isToday = date.toDateString() === new Date(now_ms).toDateString();
      const clock = time.format(date).slice(0, 5);
      return isToday ? clock : `${shortDay.format(date)} ${clock}`;
    },
    dayClock(at, now_ms) {
      const [date, now] = [new Date(at), new Date(now_ms)];
      const clock = time.format(date);
      if (date.toDateString() === now.toDateString()) return clock;
      return `${(date.getFullYear() === now.getFullYear() ? shortDay : day).format(date)} ${clock}`;
    },
    full,
    zoned: (at) => `${full(at)} (${zone(new Date(at))})`,
    age(age_s) {
      if (age_s < 60) return t("age.s", { n: Math.floor(age_s) });
      if (age_s < 3600) return t("age.min", { n: Math.floor(age_s / 60) });
      if (age_s < DAY_S) return t("age.h_min", { h: Math.floor(age_s / 3600), min: Math.floor((age_s % 3600) / 60) });
      return t("age.d", { n: Math.floor(age_s / DAY_S) });
    },
    duration(duration_s) {
      const whole_s = Math.round(duration_s);
      const h = Math.floor(whole_s / 3600);
      const min = Math.floor((whole_s % 3600) / 60);
      const s = String(whole_s % 60).padStart(2, "0");
      return h > 0 ? `${h}:${String(min).padStart(2, "0")}:${s}` : `${min}:${s}`;
    },
    number: (value) => numbers.format(value),
    tenths: (value) => oneDigit.format(value),
    distance: (distance_m) =>
      distance_m < 950
        ? t("distance.m", { n: Math.round(distance_m / 50) * 50 })
        : t("distance.km", { n: oneDigit.format(distance_m / 1000) }),
    reach: (accuracy_m) =>
      accuracy_m < 950 ? t("distance.m", { n: Math.round(accuracy_m) }) : t("distance.km", { n: oneDigit.format(accuracy_m / 1000) }),
    // Always with a point and a hyphen: it is read into radios and typed into other systems.
    coordinates: (lon, lat) => `${lat.toFixed(5)}, ${lon.toFixed(5)}`,
    compare: (a, b) => collator.compare(a, b),
  };
}

/** UTC+05:00 */
function zone(at: Date): string {
  const ahead_min = -at.getTimezoneOffset();
  const [h, min] = [Math.floor(Math.abs(ahead_min) / 60), Math.abs(ahead_min) % 60].map((part) => String(part).padStart(2, "0"));
  return `UTC${ahead_min < 0 ? "-" : "+"}${h}:${min}`;
}

/** Where the browser has no Uzbek order it takes the nearest one it has. */
function collation(tag: LanguageTag): string[] {
  if (tag === "uz-Latn") return ["uz", "en"];
  if (tag === "uz-Cyrl") return ["uz-Cyrl", "ru"];
  return [tag];
}
