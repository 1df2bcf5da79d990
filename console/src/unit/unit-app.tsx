/** The page of a unit's phone: one incident, three big buttons, a note, a photo, the emergency button, and what is not sent yet. */
import { useEffect, useState, useSyncExternalStore, type FormEvent } from "react";
import { LANGUAGES } from "../i18n/language";
import { isUnsent, type Report } from "./outbox";
import { ApiError } from "../api/client";
import type { LanguageTag } from "../api/types";
import { EmergencyButton } from "./emergency-button";
import { IncidentPart } from "./incident-part";
import { LogOn } from "./log-on";
import { signal } from "./signal";
import type { Phone } from "./field";
import { useUnitWords } from "./words";

export function UnitApp({ phone }: { phone: Phone }) {
  const { t } = useUnitWords();
  const state = useSyncExternalStore(phone.subscribe, () => phone.current);
  const reports = useSyncExternalStore(phone.outbox.subscribe, () => phone.outbox.list);
  useEffect(() => {
    phone.onNewIncident = () => signal();
  }, [phone]);
  const mine = reports.filter((report) => report.account_id === state.known?.account_id);
  const others = reports.filter((report) => report.account_id !== state.known?.account_id && isUnsent(report));
  if (state.mode === "loading") return <p className="whole-page quiet">{t("app.loading")}</p>;
  if (state.mode === "unreachable") {
    return (
      <main className="whole-page">
        <h1>Markaz</h1>
        <p role="alert">{t("unit.first_time")}</p>
        <button type="button" className="button is-primary" onClick={() => location.reload()}>
          {t("problem.try_again")}
        </button>
      </main>
    );
  }
  return (
    <div className="unit">
      <TopLine phone={phone} unsent={reports.filter(isUnsent).length} />
      {state.known?.training && <p className="band band-training">{t("band.training")}</p>}
      {state.known?.demo && <p className="band band-demo">{t("band.demo")}</p>}
      {state.known?.trial && <p className="band band-demo">{t("band.trial")}</p>}
      {state.known === null ? null : !state.isOnline && <p className="band band-offline" role="status">{t("unit.offline")}</p>}
      {state.mode === "signed_out" ? (
        <main className="unit-main">
          {state.known?.unit && <p className="band band-offline" role="status">{t("unit.ended")}</p>}
          <SignIn phone={phone} unsent={reports.filter(isUnsent).length} />
          {state.known?.unit && <IncidentPart phone={phone} known={state.known} reports={mine} isOnline={false} />}
          {state.known?.unit && <EmergencyButton phone={phone} reports={mine} isEnded />}
        </main>
      ) : state.mode === "log_on" ? (
        <LogOn phone={phone} />
      ) : (
        <main className="unit-main">
          <IncidentPart phone={phone} known={state.known!} reports={mine} isOnline={state.isOnline} />
          <EmergencyButton phone={phone} reports={mine} />
        </main>
      )}
      <Unsent phone={phone} reports={mine} />
      {others.length > 0 && <p className="unit-note" role="status">{t("unit.of_another", { n: others.length })}</p>}
      <Foot phone={phone} />
    </div>
  );
}

function TopLine({ phone, unsent }: { phone: Phone; unsent: number }) {
  const { t, f, language, setLanguage } = useUnitWords();
  const state = useSyncExternalStore(phone.subscribe, () => phone.current);
  return (
    <header className="unit-top">
      <b className="unit-sign" dir="auto">{state.known?.unit?.call_sign ?? "Markaz"}</b>
      {/* Signed out it hears nothing, whatever the line is worth. */}
      {state.mode !== "signed_out" && <span className={`link ${state.isOnline ? "is-live" : "is-offline"} num`} role="status">
        <i aria-hidden="true">{state.isOnline ? "●" : "▲"}</i>
        {state.isOnline ? t("link.live") : state.heard_ms ? t("link.offline", { time: f.clock(state.heard_ms).slice(0, 5) }) : t("unit.no_network")}
      </span>}
      {unsent > 0 && <span className="unit-badge num">▲ {t("unit.unsent", { n: unsent })}</span>}
      <select className="select is-quiet" aria-label={t("top.language")} value={language} onChange={(event) => setLanguage(event.target.value as LanguageTag)}>
        {LANGUAGES.map(({ tag, short }) => (
          <option key={tag} value={tag} lang={tag}>{short}</option>
        ))}
      </select>
    </header>
  );
}

function SignIn({ phone, unsent }: { phone: Phone; unsent: number }) {
  const { t, f } = useUnitWords();
  const [needsCode, setNeedsCode] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setProblem(null);
    const typed = String(form.get("code") ?? "").trim();
    const code = /^[0-9]{6}$/.test(typed.replaceAll(" ", "")) ? { code: typed.replaceAll(" ", "") } : { recovery_code: typed };
    const going = needsCode ? phone.finishWith(code) : phone.signIn(String(form.get("login")).trim(), String(form.get("password")));
    going
      .then((next) => setNeedsCode(next === "code"))
      .catch((error: unknown) => {
        if (error instanceof ApiError && error.code === "step_ended") setNeedsCode(false);
        setProblem(words(error));
      });
  };
  const words = (error: unknown) => {
    if (!(error instanceof ApiError)) return t("problem.unreachable");
    if (error.code === "step_ended") return t("sign_in.step_ended");
    if (error.code === "passkey_needed") return t("sign_in.passkey_needed");
    const wait_s = Number(error.body.details?.["retry_after_s"]);
    if (error.status === 429 && wait_s > 0) return t("sign_in.wait", { time: f.age(Math.ceil(wait_s)) });
    if (error.status === 401 || error.status === 403 || error.status === 422) return t(needsCode ? "sign_in.code_wrong" : "sign_in.wrong");
    return t("problem.unreachable");
  };
  return (
    <section className="unit-sign-in" aria-labelledby="unit-sign-in">
      <h1 id="unit-sign-in">{t("unit.sign_in")}</h1>
      {unsent > 0 && <p className="unit-note">{t("unit.kept_until", { n: unsent })}</p>}
      <form onSubmit={submit} className="unit-form">
        {needsCode ? (
          <label className="field">
            <span>{t("sign_in.code_or_recovery")}</span>
            <input key="code" name="code" className="num" autoComplete="one-time-code" autoCapitalize="none" spellCheck={false} required autoFocus />
          </label>
        ) : (
          <>
            <label className="field">
              <span>{t("sign_in.login")}</span>
              <input name="login" autoComplete="username" autoCapitalize="none" spellCheck={false} required />
            </label>
            <label className="field">
              <span>{t("sign_in.password")}</span>
              <input name="password" type="password" autoComplete="current-password" required />
            </label>
          </>
        )}
        {problem && <p className="problem" role="alert">{problem}</p>}
        <button type="submit" className="button is-primary unit-big">{t("sign_in.submit")}</button>
      </form>
    </section>
  );
}

/** What the centre has not got, or has got otherwise than the officer thinks. */
function Unsent({ phone, reports }: { phone: Phone; reports: readonly Report[] }) {
  const { t, f } = useUnitWords();
  const shown = [...reports].reverse();
  if (shown.length === 0) return null;
  return (
    <section className="unit-reports" aria-label={t("unit.reports")}>
      <h2>{t("unit.reports")}</h2>
      <ul>
        {shown.map((report) => {
          const state = report.refusal !== null ? "refused" : (report.kept ?? "unsent");
          const mark = { unsent: "▲", taken: "✓", same: "✓", beside: "≠", refused: "✕" }[state];
          return (
            <li key={report.key} className={`is-${state}`}>
              <span className="num">{f.clock(report.at)}</span> <b>{reportName(report, t)}</b>
              {report.incident_number && <span className="num"> #{report.incident_number}</span>}
              <span className="unit-state">
                <i aria-hidden="true">{mark}</i> {t(state === "beside" && report.why && report.why !== "other_time" ? "unit.state.apart" : `unit.state.${state}`)}
              </span>
              {report.into && <p className="unit-why">{t("unit.into", { number: report.into })}</p>}
              {report.why && <p className="unit-why">{t(`unit.why.${report.why}`)}</p>}
              {report.text !== null && <p dir="auto">{report.text}</p>}
              {report.refusal !== null && (
                <p className="problem">
                  <bdi>{report.refusal}</bdi>{" "}
                  <button type="button" className="button" onClick={() => void phone.outbox.dismiss(report.key)}>{t("unit.dismiss")}</button>
                </p>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function reportName(report: Report, t: ReturnType<typeof useUnitWords>["t"]): string {
  if (report.kind === "stage") return t(`stage.do.${report.stage as "en_route"}`);
  return t(`unit.kind.${report.kind}`);
}

function Foot({ phone }: { phone: Phone }) {
  const { t, f } = useUnitWords();
  const state = useSyncExternalStore(phone.subscribe, () => phone.current);
  const unsent = useSyncExternalStore(phone.outbox.subscribe, () => phone.outbox.list).filter(isUnsent).length;
  const [problem, setProblem] = useState<string | null>(null);
  if (!state.known || state.mode === "signed_out") return null;
  const logOff = () => {
    setProblem(null);
    phone.logOff().catch((error: unknown) => setProblem(error instanceof ApiError ? error.body.message : t("problem.unreachable")));
  };
  return (
    <footer className="unit-foot">
      {state.mode === "ready" && (
        <p className="quiet">{state.shared_ms ? t("unit.position_shared", { time: f.clock(state.shared_ms) }) : t("unit.position_not_shared")}</p>
      )}
      {problem && <p className="problem" role="alert"><bdi>{problem}</bdi></p>}
      {state.mode === "ready" && (
        <button type="button" className="button" disabled={!state.isOnline || unsent > 0} onClick={logOff}>{t("unit.log_off")}</button>
      )}
      <button type="button" className="button is-quiet" disabled={unsent > 0} onClick={() => void phone.signOut()}>{t("top.sign_out")}</button>
      {unsent > 0 && <p className="quiet">{t("unit.leave_after")}</p>}
    </footer>
  );
}
