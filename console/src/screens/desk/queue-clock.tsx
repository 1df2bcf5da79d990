/** The clock of a row: a shape, the time left or over, and a word for what is waited for. Colour comes last. */
import { useTick, useWords } from "../../context";
import type { ClockColour, RunningClock } from "../../live/clocks";
import { session } from "../../session";
import { Age } from "../../ui/marks";

/** An empty ring, a half, a full disc with a bar: how far the time has run. */
const SHAPES: Record<ClockColour, string> = {
  calm: "M8 2.2a5.8 5.8 0 1 1 0 11.6a5.8 5.8 0 0 1 0-11.6z",
  amber: "M8 2.2a5.8 5.8 0 1 1 0 11.6a5.8 5.8 0 0 1 0-11.6zM8 2.2v11.6a5.8 5.8 0 0 0 0-11.6z",
  red: "M8 1l7 13H1zM8 6v4",
};

export function ClockCell({ clock, colour, received_at }: { clock: RunningClock | null; colour: ClockColour | null; received_at: string }) {
  const { t, f } = useWords();
  useTick();
  if (!clock || !colour) {
    return (
      <span className="queue-clock">
        <Age at={received_at} />
      </span>
    );
  }
  const left_s = (clock.red_ms - session.store.time.now_ms()) / 1000;
  const time = f.duration(Math.abs(left_s));
  const words = t(left_s > 0 ? "clock.left" : "clock.over", { time });
  return (
    <span className={`queue-clock is-${colour}`} title={`${t(`clock.${clock.kind}`)}: ${words}`}>
      <span className="queue-clock-word">{t(`clock.${clock.kind}`)}</span>
      <svg viewBox="0 0 16 16" role="img" aria-label={t(`clock.${colour}`)}>
        <path d={SHAPES[colour]} />
      </svg>
      <b className="num">
        {left_s > 0 ? "" : "+"}
        {time}
      </b>
    </span>
  );
}
