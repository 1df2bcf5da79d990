/** The units of an incident with the clock of each stage, and the one button that comes next for each of them. */
import { useState } from "react";
import type { StageRequest } from "../../api/contract-check";
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { may } from "../../api/permissions";
import { STAGES, type IncidentView, type Stage, type TimelineEntry } from "../../api/types";
import { useMedia, useSession, useWords } from "../../context";
import { session } from "../../session";
import { Problem } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";
import { FinishedDialog } from "./finished-dialog";
import { LateMark, lateStage } from "./late-mark";
import { strikable, struckSendings, type Struck } from "./sendings";
import { nextStages } from "./stages";
import { StageDialog } from "./stage-dialog";
import { StrikeDialog } from "./strike-dialog";

type UnitRow = [id: string, unit: IncidentView["units"][string]];

interface Props {
  incident: IncidentView;
  canAct: boolean;
  /** What was entered late is marked beside its time. */
  entries: TimelineEntry[];
  onReload: () => void;
}

export function UnitStages({ incident, canAct, entries, onReload }: Props) {
  const { me } = useSession();
  const { t } = useWords();
  const [isEntering, setEntering] = useState(false);
  const isNarrow = useMedia("(max-width: 899px)");
  const units = (Object.entries(incident.units) as UnitRow[]).sort((a, b) => a[1].ordinal - b[1].ordinal);
  const struck = struckSendings(entries);
  const shown = STAGES.filter((stage) => stage === "assigned" || stage === "en_route" || stage === "on_scene" || stage === "cleared" || units.some(([, unit]) => unit.stages[stage]) || struck.some((one) => one.stages[stage]));
  return (
    <section aria-labelledby="stages-title">
      <h3 id="stages-title">{t("stages.title")}</h3>
      {units.length === 0 && <p className="stages-none">{t("stages.none")}</p>}
      {(units.length > 0 || struck.length > 0) && (
        <div className="table-wrap">
          <table className="stages">
            <thead>
              <tr>
                <th scope="col">{t("stages.unit")}</th>
                {shown.map((stage) => (
                  <th scope="col" key={stage}>
                    {t(`stage.${stage}`)}
                  </th>
                ))}
                {!isNarrow && (
                  <th scope="col">
                    <span className="sr-only">{t("stages.next")}</span>
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {units.map(([id, unit]) => (
                <Row key={`${id}.${unit.ordinal}`} incident={incident} id={id} unit={unit} shown={shown} canAct={canAct} entries={entries} onReload={onReload} />
              ))}
              {struck.map((one) => (
                <StruckRow key={one.entry.seq} struck={one} shown={shown} isNarrow={isNarrow} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {canAct && may(me, "dispatch") && (
        <button type="button" className="button is-quiet is-small" onClick={() => setEntering(true)}>
          {t("finished.open")}
        </button>
      )}
      {isEntering && <FinishedDialog incident={incident} onReload={onReload} onClose={() => setEntering(false)} />}
    </section>
  );
}

function Row(props: Props & { id: string; unit: UnitRow[1]; shown: Stage[] }) {
  const { incident, id, unit, shown, canAct, entries, onReload } = props;
  const { me } = useSession();
  const { t, f } = useWords();
  const isNarrow = useMedia("(max-width: 899px)");
  const sending = useCommand();
  const [stating, setStating] = useState<Stage | null>(null);
  const next = nextStages(unit.stages);
  const now_ms = session.store.time.now_ms();

  const report = (stage: Stage) => sending.send("POST", `/api/incidents/${incident.id}/assignments/${id}/stages`, { stage, version: incident.version } satisfies StageRequest);
  const [striking, setStriking] = useState<TimelineEntry | null>(null);
  const sent = may(me, "correct") ? strikable(entries, id, unit.ordinal) : undefined;
  const likely = next[0] === "transporting" ? "cleared" : next[0];
  const strike = sent && (
    <button type="button" className="button is-quiet is-small" onClick={() => setStriking(sent)}>
      {t("strike.open")}
      <span className="sr-only"> {unit.call_sign}</span>
    </button>
  );
  const act = strike ?? (canAct && may(me, "dispatch") && likely !== undefined && (
    <span className="split">
      <button type="button" className="button is-primary" disabled={sending.busy} onClick={() => report(likely)}>
        {t(`stage.do.${likely}`)}
      </button>
      <StageMenu stages={next} callSign={unit.call_sign} onNow={report} onStated={() => setStating(likely)} />
    </span>
  ));
  return (
    <>
      <tr>
        <th scope="row">
          <bdi>{unit.call_sign}</bdi>
        </th>
        {shown.map((stage) => {
          const at = unit.stages[stage];
          const late = at ? lateStage(entries, id, stage, at) : undefined;
          return (
            <td key={stage} className="num">
              {at ? (
                <time dateTime={at} title={f.full(at)}>
                  {f.shortClock(at, now_ms)}
                  {late && <LateMark entry={late} />}
                </time>
              ) : (
                <span className="quiet">–</span>
              )}
            </td>
          );
        })}
        {!isNarrow && <td className="stages-do">{act}</td>}
      </tr>
      {isNarrow && act && (
        <tr className="stages-row-do">
          <td colSpan={shown.length + 1}>{act}</td>
        </tr>
      )}
      {(sending.error !== null || sending.attempt > 0) && (
        <tr>
          <td colSpan={shown.length + 2}>
            {sending.attempt > 0 ? (
              <p className="notice" role="status">
                {t("sending.retrying", { n: sending.attempt })}
              </p>
            ) : (
              <Problem error={sending.error} onReload={onReload} onRetry={sending.retry} />
            )}
          </td>
        </tr>
      )}
      {stating && <StageDialog incident={incident} unitId={id} callSign={unit.call_sign} stages={next} first={stating} onReload={onReload} onClose={() => setStating(null)} />}
      {striking && <StrikeDialog incident={incident} entry={striking} onReload={onReload} onClose={() => setStriking(null)} />}
    </>
  );
}

/** A sending that was struck out: what was entered, and by whom and why it goes for nothing. */
function StruckRow({ struck, shown, isNarrow }: { struck: Struck; shown: Stage[]; isNarrow: boolean }) {
  const { t, f } = useWords();
  const now_ms = session.store.time.now_ms();
  const { entry } = struck;
  return (
    <>
      <tr className="is-struck">
        <th scope="row">
          <bdi>{struck.callSign}</bdi>
        </th>
        {shown.map((stage) => {
          const at = struck.stages[stage];
          return (
            <td key={stage} className="num">
              {at ? (
                <time dateTime={at} title={f.full(at)}>
                  {f.shortClock(at, now_ms)}
                </time>
              ) : (
                <span className="quiet">–</span>
              )}
            </td>
          );
        })}
        {!isNarrow && <td />}
      </tr>
      <tr className="stages-row-why">
        <td colSpan={shown.length + (isNarrow ? 1 : 2)}>
          <span className="corrected-by">
            <bdi>{struck.callSign}</bdi>: {t("strike.by")} <bdi>{entry.actor.name}</bdi>, {f.shortClock(entry.recorded_at, now_ms)}
            {entry.reason && <bdi> · “{entry.reason}”</bdi>}
          </span>
        </td>
      </tr>
    </>
  );
}

function StageMenu(props: { stages: Stage[]; callSign: string; onNow: (stage: Stage) => void; onStated: () => void }) {
  const { t } = useWords();
  return (
    <MenuTrigger>
      <AriaButton className="button split-more" aria-label={t("stages.more", { unit: props.callSign })}>
        ▾
      </AriaButton>
      <Popover className="popover" placement="bottom end">
        <Menu
          className="menu"
          onAction={(key) => (key === "stated" ? props.onStated() : props.onNow(key as Stage))}
        >
          {props.stages.map((stage) => (
            <MenuItem key={stage} id={stage} className="menu-item">
              {t(`stage.do.${stage}`)}
            </MenuItem>
          ))}
          <MenuItem id="stated" className="menu-item is-apart">
            {t("stages.stated")}
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
