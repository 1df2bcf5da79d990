/** Small signs that never speak by colour alone: each has a shape and stands beside a word or carries one for screen readers. */
import type { UnitStatus } from "../api/types";
import { useNames, useTick, useWords } from "../context";
import { session } from "../session";
import { shortCode } from "./short-code";

const SHAPES = [
  "M8 1.2 15.2 14.4H.8Z", // triangle
  "M8 .8 15.2 8 8 15.2.8 8Z", // diamond
  "M2 2h12v12H2Z", // square
];

/** Triangle, diamond, square, circle: the more urgent, the more corners stick out. The code stands inside. */
export function PriorityMark({ code, withName = false }: { code: string; withName?: boolean }) {
  const names = useNames();
  const rank = Math.min(names.rank(code), 4);
  const name = names.priority(code);
  return (
    <span className={`priority priority-${rank}`}>
      <svg viewBox="0 0 16 16" role="img" aria-label={name}>
        {rank < 3 ? <path d={SHAPES[rank]} /> : <circle cx="8" cy="8" r="7" />}
        <text x="8" y={rank === 0 ? 12.6 : 11.2} textAnchor="middle">
          {shortCode(code)}
        </text>
      </svg>
      {withName && <span aria-hidden="true">{name}</span>}
    </span>
  );
}

const STATUS_SIGNS: Record<UnitStatus, string> = {
  available: "M3 8.5 6.5 12 13 4.5",
  assigned: "M8 3v6l4 2",
  en_route: "M4 3l7 5-7 5",
  on_scene: "M8 2v12M2 8h12",
  transporting: "M2 8h11M9 4l4 4-4 4",
  at_hospital: "M4 2v12M12 2v12M4 8h8",
  busy: "M3 8h10",
  out_of_service: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  off_duty: "M11 3a6 6 0 1 0 2 9 6 6 0 0 1-2-9",
};

export function StatusMark({ status }: { status: UnitStatus }) {
  const { t } = useWords();
  return (
    <span className={`status status-${status}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={STATUS_SIGNS[status] ?? STATUS_SIGNS.busy} />
      </svg>
      <span>{t(`status.${status}`)}</span>
    </span>
  );
}

/** How long ago, counting; the full time is in its title. */
export function Age({ at, className = "" }: { at: string; className?: string }) {
  useTick();
  const { f } = useWords();
  return (
    <time className={`num ${className}`} dateTime={at} title={f.full(at)}>
      {f.age(session.store.time.age_s(at))}
    </time>
  );
}

/** The age of a position; past the limit it says so in words. */
export function PositionAge({ at, stale_after_s }: { at: string | null; stale_after_s: number }) {
  useTick();
  const { t, f } = useWords();
  if (at === null) return <span className="position-age is-unknown">{t("position.unknown")}</span>;
  const age_s = session.store.time.age_s(at);
  const isStale = age_s > stale_after_s;
  return (
    <time className={`position-age num ${isStale ? "is-stale" : ""}`} dateTime={at} title={f.full(at)}>
      {isStale ? t("position.stale_long", { age: f.age(age_s) }) : t("position.fresh", { age: f.age(age_s) })}
    </time>
  );
}

export function Kbd({ children }: { children: string }) {
  return (
    <kbd className="kbd" aria-hidden="true">
      {children}
    </kbd>
  );
}
