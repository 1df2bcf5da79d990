/** One unit: what it does, who is on it, and what the desk can do about it. Names are read only while it is open. */
import { useEffect, useState } from "react";
import { Link } from "react-router";
import type { UnitCrew } from "../../api/crews";
import type { ReturnRequest } from "../../api/contract-check";
import { may } from "../../api/permissions";
import type { UnitView } from "../../api/types";
import { useLive, useNames, useSession, useTick, useWords } from "../../context";
import { session } from "../../session";
import { useKeys } from "../../ui/keys";
import { Age, Kbd, PositionAge, StatusMark } from "../../ui/marks";
import { Problem } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";
import { useRead } from "../../ui/use-read";
import { useCodeNames } from "./code-names";
import { LendDialog } from "./lend-dialog";
import { LogOffDialog, LogOnDialog } from "./log-on-dialog";
import { UnitStatusMenu } from "./status-menu";

export function UnitPanel({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useWords();
  const names = useNames();
  const unit = useLive("units", (store) => store.units.get(id));
  return (
    <aside className="panel unit-panel" aria-labelledby="unit-title">
      <header className="panel-head">
        <h2 id="unit-title" tabIndex={-1}>
          <bdi>{unit?.call_sign ?? t("crew.gone")}</bdi> {unit && <span className="count">{names.kind(unit.kind)}</span>}
        </h2>
        <span className="spacer" />
        <button type="button" className="icon-button" onClick={onClose} aria-label={t("action.close_dialog")}>
          ×
        </button>
      </header>
      {unit ? <Body unit={unit} /> : <p className="empty">{t("crew.gone_hint")}</p>}
    </aside>
  );
}

function Body({ unit }: { unit: UnitView }) {
  const { me } = useSession();
  const { t } = useWords();
  const words = useCodeNames();
  const crew = useRead<UnitCrew>(may(me, "colleagues") ? `/api/units/${unit.id}/crew` : null);
  const [dialog, setDialog] = useState<"on" | "off" | "lend" | null>(null);
  const sending = useCommand();
  const { reload } = crew;
  // Whoever comes or goes moves the unit's version.
  useEffect(reload, [unit.version, reload]);
  const isOffline = useLive("link", (store) => store.link.kind === "offline");
  const isOn = unit.status !== "off_duty";
  const isFree = unit.incident_id === null;
  const can = {
    on: may(me, "log_on"),
    off: may(me, "log_on") && isOn && isFree,
    lend: may(me, "lend") && isOn && isFree && unit.lent === null,
    back: may(me, "lend") && isFree && unit.lent !== null,
  };
  useKeys({
    KeyL: () => can.on && setDialog(isOn && can.off ? "off" : "on"),
    KeyE: () => can.lend && setDialog("lend"),
  });
  const close = () => setDialog(null);
  const takesOver = (crew.data?.log_on?.crew_size ?? 0) > 0;
  return (
    <div className="scroll pad">
      {sending.error !== null && <Problem error={sending.error} onReload={sending.clear} onRetry={sending.retry} />}
      <p className="unit-state">
        {isFree && may(me, "unit_status") ? <UnitStatusMenu unit={unit} /> : <StatusMark status={unit.status} />}
        {unit.reason && <span>{words.reason(unit.reason)}</span>}
        <Age at={unit.since} className="quiet" />
      </p>
      <div className="unit-acts">
        {can.on && (
          <button type="button" className="button" disabled={isOffline} onClick={() => setDialog("on")}>
            {t(isOn && takesOver ? "crew.take_over" : isOn ? "crew.name_crew" : "crew.log_on")} {!isOn && <Kbd>L</Kbd>}
          </button>
        )}
        {can.off && (
          <button type="button" className="button" disabled={isOffline} onClick={() => setDialog("off")}>
            {t("crew.log_off")} <Kbd>L</Kbd>
          </button>
        )}
        {can.lend && (
          <button type="button" className="button" disabled={isOffline} onClick={() => setDialog("lend")}>
            {t("lend.lend")} <Kbd>E</Kbd>
          </button>
        )}
        {can.back && (
          <button type="button" className="button" disabled={isOffline || sending.busy} onClick={() => sending.send("POST", `/api/units/${unit.id}/return`, { version: unit.version } satisfies ReturnRequest)}>
            {t("lend.back")}
          </button>
        )}
      </div>
      <UnitFacts unit={unit} />
      {crew.error !== null ? <Problem error={crew.error} /> : may(me, "colleagues") && <Crew crew={crew.data} isOn={isOn} />}
      {dialog === "on" && <LogOnDialog unit={unit} takesOver={takesOver} onClose={close} />}
      {dialog === "off" && <LogOffDialog unit={unit} onClose={close} />}
      {dialog === "lend" && <LendDialog unit={unit} onClose={close} />}
    </div>
  );
}

function UnitFacts({ unit }: { unit: UnitView }) {
  const { me } = useSession();
  const { t, f } = useWords();
  const names = useNames();
  const words = useCodeNames();
  const position = useLive("positions", (store) => store.positions.get(unit.id) ?? null);
  const number = useLive("incidents", (store) => (unit.incident_id ? (store.incidents.get(unit.incident_id)?.number ?? null) : null));
  return (
    <dl className="facts">
      {unit.incident_id && (
        <>
          <dt>{t("units.incident")}</dt>
          <dd>
            <Link to={`/desk/${unit.incident_id}`}>
              <bdi>{number ?? t("units.its_incident")}</bdi>
            </Link>
          </dd>
        </>
      )}
      <dt>{t("facts.territory")}</dt>
      <dd>
        <bdi>{names.territory(unit.territory_id) ?? t("unknown")}</bdi>
      </dd>
      {unit.lent && (
        <>
          <dt>{t("lend.title")}</dt>
          <dd>
            {t("lend.from_until", { home: names.territory(unit.lent.home_territory_id) ?? t("lend.other_territory"), until: f.full(unit.lent.until, "minute") })}
            <Overdue until={unit.lent.until} />
          </dd>
        </>
      )}
      <dt>{t("units.position")}</dt>
      <dd>
        <PositionAge at={position?.fix_at ?? null} stale_after_s={me.stale_after_s} />
      </dd>
      <dt>{t("crew.skills")}</dt>
      <dd>{unit.skills.length === 0 ? <span className="quiet">–</span> : unit.skills.map(words.skill).join(", ")}</dd>
    </dl>
  );
}

function Overdue({ until }: { until: string }) {
  useTick();
  const { t } = useWords();
  return Date.parse(until) < session.store.time.now_ms() ? <b className="wrong"> ▲ {t("lend.overdue")}</b> : null;
}

function Crew({ crew, isOn }: { crew: UnitCrew | null; isOn: boolean }) {
  const { t, f } = useWords();
  const words = useCodeNames();
  useTick();
  if (crew === null) return <p className="quiet">{t("app.loading")}</p>;
  const on = crew.log_on;
  if (on === null || !isOn) return <p className="quiet">{t("crew.nobody")}</p>;
  const unnamed = on.crew_size - on.crew.length;
  const isOver = on.ends_at !== null && Date.parse(on.ends_at) < session.store.time.now_ms();
  return (
    <section aria-label={t("crew.title")}>
      <h3>{t("crew.title")}</h3>
      {isOver && <p className="notice is-warning">{t("crew.over")}</p>}
      <ul className="plain-list">
        {on.crew.map((one) => (
          <li key={one.id}>
            <bdi>{one.display_name}</bdi>
          </li>
        ))}
        {unnamed > 0 && <li className="quiet">{t("crew.unnamed", { n: unnamed })}</li>}
        {on.crew_size === 0 && <li className="quiet">{t("crew.unknown")}</li>}
      </ul>
      <dl className="facts">
        <dt>{t("crew.vehicle")}</dt>
        <dd>{on.vehicle ? <bdi>{on.vehicle}</bdi> : <span className="quiet">–</span>}</dd>
        <dt>{t("crew.shift")}</dt>
        <dd>{on.shift ? words.shift(on.shift.name) : <span className="quiet">–</span>}</dd>
        <dt>{t("crew.since")}</dt>
        <dd className="num">{f.full(on.logged_on_at, "minute")}</dd>
        <dt>{t("crew.ends")}</dt>
        <dd className="num">{on.ends_at ? f.full(on.ends_at, "minute") : <span className="quiet">–</span>}</dd>
      </dl>
    </section>
  );
}
