/** The one incident of this unit: where, what, how urgent, whom not to call, and what the crew reports of it. */
import { useRef, useState, type ChangeEvent, type FormEvent } from "react";
import type { Phone } from "./field";
import { isUnsent, type Report } from "./outbox";
import { markText } from "../access/mark-text";
import { asPhoto } from "./photo";
import { BIG_STAGES, MORE_STAGES, sendingOf, type FieldIncident, type Remembered } from "./types";
import { useUnitWords } from "./words";

export function IncidentPart({ phone, known, reports, isOnline }: { phone: Phone; known: Remembered; reports: readonly Report[]; isOnline: boolean }) {
  const { t, f } = useUnitWords();
  const incident = known.incident;
  if (!incident) {
    return (
      <section className="unit-none">
        <h1>{t("unit.no_incident")}</h1>
        <p className="quiet">{isOnline ? t("unit.waiting") : t("unit.waiting_offline", { time: f.clock(known.as_of).slice(0, 5) })}</p>
      </section>
    );
  }
  return (
    <>
      <Facts incident={incident} known={known} />
      <Hazards incident={incident} known={known} />
      <Stages phone={phone} incident={incident} known={known} reports={reports} />
      <Words key={incident.id} phone={phone} />
      {/* Remembered from before a mark was told: it comes with the next look. */}
      {incident.access && <p className="quiet small num" dir="auto">{markText(incident.access, t, f)}</p>}
      {incident.notes.length > 0 && (
        <details className="unit-notes">
          <summary>{t("unit.notes", { n: incident.notes.length })}</summary>
          <ul>
            {[...incident.notes].reverse().map((note, index) => (
              <li key={index}>
                <span className="num quiet">{f.clock(note.at)}</span> <span className="quiet" dir="auto">{note.by}</span>
                <p dir="auto">{note.text ?? t("sealed.erased")}</p>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function Facts({ incident, known }: { incident: FieldIncident; known: Remembered }) {
  const { t, f, code } = useUnitWords();
  const { view, sealed } = incident;
  const mayCall = !view.covert && !view.safe_contact.includes("no_call");
  const others = (["no_text", "no_message"] as const).filter((rule) => view.safe_contact.includes(rule));
  return (
    <section className="unit-facts" aria-label={t("unit.incident", { number: view.number })}>
      <p className="unit-kicker num">
        #{view.number} · {f.clock(view.received.at).slice(0, 5)} · <b>{code(known.codes.priorities, view.priority)}</b>
      </p>
      <h1>{code(known.codes.categories, view.category)}</h1>
      {view.covert && <p className="unit-warning">◆ {t("unit.covert")}</p>}
      <p className="unit-where" dir="auto">{sealed.address ?? view.place_label ?? (view.place ? f.coordinates(view.place.lon, view.place.lat) : t("unknown"))}</p>
      {view.place && sealed.address !== null && <p className="num quiet">{f.coordinates(view.place.lon, view.place.lat)}</p>}
      {incident.restricted && <p className="quiet">{t("unit.caller")}: {t("sealed.restricted")}</p>}
      {sealed.caller_name !== null && <p dir="auto">{t("unit.caller")}: {sealed.caller_name}</p>}
      {/* Said without a number too: the crew may know one from a note. */}
      {!mayCall && <p className="unit-warning">✕ {t("unit.do_not_call")}</p>}
      {mayCall && sealed.caller_phone !== null && (
        <p>
          <a className="button unit-call num" href={`tel:${sealed.caller_phone.replace(/[^\d+]/g, "")}`}>{sealed.caller_phone}</a>
        </p>
      )}
      {others.length > 0 && <p className="unit-warning">✕ {others.map((rule) => t(`safe.${rule}`)).join(" · ")}</p>}
    </section>
  );
}

/** What endangers whoever goes there, before the button that says that one goes. */
function Hazards({ incident, known }: { incident: FieldIncident; known: Remembered }) {
  const { t, f, code } = useUnitWords();
  if (!incident.hazards?.length) return null;
  return (
    <section className="unit-hazards" aria-labelledby="unit-hazards">
      <h2 id="unit-hazards">{t("call.hazards")}</h2>
      <ul>
        {incident.hazards.map((one) => (
          <li key={one.id}>
            <b>▲ {code(known.codes.hazard_grounds, one.ground)}</b> <span dir="auto">{one.text ?? t("sealed.erased")}</span>
            <p className="quiet small">
              {t("call.hazard_source", { source: code(known.codes.hazard_sources, one.source), distance: f.distance(one.distance_m), time: f.full(one.expires_at, "day") })}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Stages({ phone, incident, known, reports }: { phone: Phone; incident: FieldIncident; known: Remembered; reports: readonly Report[] }) {
  const { t, f } = useUnitWords();
  const told = incident.view.units[known.unit!.id]?.stages ?? {};
  // What waits for an earlier sending to this incident is not done for this one.
  const ordinal = sendingOf(incident, known.unit!.id)?.ordinal;
  const isOfThis = (report: Report) => report.incident_id === incident.id && (report.ordinal ?? ordinal) === ordinal;
  const waiting = new Map(
    reports.filter((report) => isUnsent(report) && report.kind === "stage" && isOfThis(report)).map((report) => [report.stage, report.at]),
  );
  const at = (stage: string) => told[stage as "en_route"] ?? waiting.get(stage) ?? null;
  const next = BIG_STAGES.find((stage) => at(stage) === null);
  const button = (stage: (typeof BIG_STAGES)[number] | (typeof MORE_STAGES)[number], isBig: boolean) => {
    const done = at(stage);
    const isWaiting = told[stage] === undefined && waiting.has(stage);
    return (
      <button
        key={stage}
        type="button"
        className={`button ${isBig ? "unit-big" : ""} ${stage === next ? "is-primary" : ""} ${done ? "is-done" : ""}`}
        disabled={done !== null}
        onClick={() => void phone.say({ kind: "stage", stage })}
      >
        {t(`stage.do.${stage}`)}
        {done && <small className="num"> {isWaiting ? "▲" : "✓"} {f.clock(done).slice(0, 5)}{isWaiting && ` · ${t("unit.state.unsent")}`}</small>}
      </button>
    );
  };
  return (
    <section className="unit-stages" aria-label={t("unit.stages")}>
      {BIG_STAGES.map((stage) => button(stage, true))}
      <div className="unit-more">{MORE_STAGES.map((stage) => button(stage, false))}</div>
    </section>
  );
}

function Words({ phone }: { phone: Phone }) {
  const { t } = useUnitWords();
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const file = useRef<HTMLInputElement>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() === "") return;
    void phone.say({ kind: "note", text: text.trim() }).then(() => setText("")).catch(() => setProblem(t("unit.not_kept")));
  };
  const take = (event: ChangeEvent<HTMLInputElement>) => {
    const [picked] = event.target.files ?? [];
    event.target.value = "";
    if (!picked) return;
    setProblem(null);
    asPhoto(picked).then((photo) => phone.say({ kind: "photo", photo })).catch(() => setProblem(t("unit.photo_problem")));
  };
  return (
    <form className="unit-words" onSubmit={submit}>
      <label className="field">
        <span>{t("unit.kind.note")}</span>
        <textarea rows={2} maxLength={4000} value={text} dir="auto" onChange={(event) => setText(event.target.value)} />
      </label>
      <div className="unit-row">
        <button type="submit" className="button" disabled={text.trim() === ""}>{t("unit.add_note")}</button>
        <button type="button" className="button" onClick={() => file.current?.click()}>{t("unit.take_photo")}</button>
        <input ref={file} type="file" accept="image/*" capture="environment" hidden onChange={take} />
      </div>
      {problem && <p className="problem" role="alert">{problem}</p>}
    </form>
  );
}
