/** The foot of the units panel: how many are ticked and sent with one press, and the refusal that says who was faster for which. */
import { ApiError } from "../../api/client";
import type { UnitStatus } from "../../api/types";
import type { FormEvent } from "react";
import { useWords } from "../../context";
import { LateFold, type Late } from "../../ui/late-fields";
import { Kbd } from "../../ui/marks";
import { Problem } from "../../ui/problem";

interface Taken {
  unit_id: string;
  call_sign: string;
  status: UnitStatus;
  by: string;
  at: string;
}

interface BarProps {
  count: number;
  canSend: boolean;
  late: Late | null;
  onLate: (late: Late | null) => void;
  onSend: () => void;
  onClear: () => void;
}

export function SendBar(props: BarProps) {
  const { t } = useWords();
  const send = (event: FormEvent) => {
    event.preventDefault();
    props.onSend();
  };
  return (
    <form className="send-bar" onSubmit={send}>
      <button type="submit" className="button is-primary" disabled={!props.canSend || props.count === 0}>
        {t(props.late === null ? "recommend.send" : "late.send", { n: props.count })} <Kbd>Enter</Kbd>
      </button>
      <button type="button" className="button is-quiet" onClick={props.onClear}>
        {t("recommend.clear")}
      </button>
      <LateFold late={props.late} onChange={props.onLate} shortcut="L" />
      {props.late !== null && <p className="quiet small">{t("late.busy_hint")}</p>}
    </form>
  );
}

/** The units that were not free any more, from a refusal; empty when it was refused for another reason. */
function takenOf(error: unknown): Taken[] {
  if (!(error instanceof ApiError) || error.status !== 409) return [];
  const units = error.body.details?.units;
  return Array.isArray(units) && units.every((unit) => typeof (unit as Taken)?.by === "string") ? (units as Taken[]) : [];
}

export function DispatchProblem({ error, onReload, onRetry }: { error: unknown; onReload: () => void; onRetry: () => void }) {
  const { t, f } = useWords();
  const taken = takenOf(error);
  if (taken.length === 0) return <Problem error={error} onReload={onReload} onRetry={onRetry} />;
  return (
    <div className="problem" role="alert">
      <p>{t("recommend.none_sent")}</p>
      <ul>
        {taken.map((unit) => (
          <li key={unit.unit_id}>{t("recommend.was_faster", { unit: unit.call_sign, status: t(`status.${unit.status}`), by: unit.by, at: f.full(unit.at) })}</li>
        ))}
      </ul>
      <div className="problem-actions">
        <button type="button" className="button" onClick={onReload}>
          {t("problem.reload")}
        </button>
      </div>
    </div>
  );
}
