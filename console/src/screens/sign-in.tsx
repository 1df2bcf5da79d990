/** The sign-in: passkey, password, the code after it, or the organisation's provider. */
import { useState, type FormEvent } from "react";
import { ApiError, Command } from "../api/client";
import { passkeysWork } from "../api/passkeys";
import { useWords } from "../context";
import type { Key } from "../i18n/messages";
import { session } from "../session";
import { Problem } from "../ui/problem";
import { LanguagePicker, ThemePicker } from "../ui/shell";
import { useRead } from "../ui/use-read";
import { CodeInput } from "./account/proof-dialog";

interface About {
  demo: boolean;
  training: boolean;
  trial?: boolean;
  sign_in?: { passkeys_at: string | null; provider: string | null };
}

/** What the server says when it sends somebody back from the provider; any other word is nobody's of ours. */
const FROM_PROVIDER: Record<string, Key> = {
  provider_refused: "sign_in.provider_refused",
  provider_no_grants: "sign_in.provider_no_grants",
  provider_waiting: "sign_in.provider_waiting",
  provider_away: "sign_in.provider_away",
  step_ended: "sign_in.step_ended",
};

export function SignInScreen() {
  const { t } = useWords();
  const centre = useRead<About>("/api/centre");
  const [step, setStep] = useState<"password" | "code" | "recovery">("password");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [back, setBack] = useState(() => FROM_PROVIDER[new URLSearchParams(location.search).get("sign_in") ?? ""]);
  const ways = centre.data?.sign_in;

  const run = (action: () => Promise<"code" | "in" | "away">) => {
    setBusy(true);
    setError(null);
    setBack(undefined);
    if (location.search) history.replaceState(null, "", location.pathname);
    action()
      .then((next) => {
        if (next === "code") setStep("code");
        if (next !== "in") setBusy(false);
      })
      .catch((problem: unknown) => {
        setBusy(false);
        setError(problem);
        if (problem instanceof ApiError && problem.code === "step_ended") setStep("password");
      });
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    run(() => session.signIn(String(form.get("login")).trim(), String(form.get("password"))));
  };
  const submitCode = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const typed = String(form.get("code") ?? form.get("recovery_code"));
    run(() => session.finishWith(step === "code" ? { code: typed.replaceAll(/\D/g, "") } : { recovery_code: typed.trim() }));
  };
  const toProvider = async () => {
    const { location: address } = await new Command<{ location: string }>("POST", "/api/session/provider", {}).send({ attempts: 1 });
    location.assign(address);
    return "away" as const;
  };

  return (
    <div className={`sign-in ${centre.data?.training ? "is-training" : ""}`}>
      <div>
        {centre.data?.training && <p className="band band-training">{t("band.training")}</p>}
        {centre.data?.demo && <p className="band band-demo">{t("band.demo")}</p>}
        {centre.data?.trial && <p className="band band-demo">{t("band.trial")}</p>}
        <header className="sign-in-bar">
          <ThemePicker />
          <LanguagePicker />
        </header>
      </div>
      <main className="sign-in-card">
        <h1>Markaz</h1>
        <p className="quiet">{t("sign_in.purpose")}</p>
        {back && (
          <p className="problem" role="alert">
            {t(back)}
          </p>
        )}
        {step === "password" ? (
          <>
            <form onSubmit={submit}>
              <label className="field">
                <span>{t("sign_in.login")}</span>
                <input name="login" autoComplete="username webauthn" autoCapitalize="none" spellCheck={false} required autoFocus />
              </label>
              <label className="field">
                <span>{t("sign_in.password")}</span>
                <input name="password" type="password" autoComplete="current-password" required />
              </label>
              <Trouble error={error} wrong="sign_in.wrong" />
              <button type="submit" className="button is-primary is-wide" disabled={busy}>
                {busy ? t("sign_in.busy") : t("sign_in.submit")}
              </button>
            </form>
            {passkeysWork(ways?.passkeys_at) && (
              <button type="button" className="button is-wide" disabled={busy} onClick={() => run(() => session.signInWithPasskey())}>
                {t("sign_in.passkey")}
              </button>
            )}
            {ways?.provider && (
              <button type="button" className="button is-wide" disabled={busy} onClick={() => run(toProvider)}>
                {t("sign_in.provider", { name: ways.provider })}
              </button>
            )}
          </>
        ) : (
          <form onSubmit={submitCode} key={step}>
            <p>{step === "code" ? t("sign_in.code_why") : t("sign_in.recovery_why")}</p>
            {step === "code" ? (
              <CodeInput autoFocus />
            ) : (
              <label className="field">
                <span>{t("sign_in.recovery_code")}</span>
                <input name="recovery_code" autoComplete="off" autoCapitalize="none" spellCheck={false} minLength={16} maxLength={40} required autoFocus />
              </label>
            )}
            <Trouble error={error} wrong="sign_in.code_wrong" />
            <button type="submit" className="button is-primary is-wide" disabled={busy}>
              {busy ? t("sign_in.busy") : t("sign_in.submit")}
            </button>
            <button type="button" className="button is-wide" onClick={() => setStep(step === "code" ? "recovery" : "code")}>
              {step === "code" ? t("sign_in.use_recovery") : t("sign_in.use_code")}
            </button>
            <button type="button" className="button is-wide" onClick={() => setStep("password")}>
              {t("sign_in.begin_again")}
            </button>
          </form>
        )}
        <p className="quiet small">{t("sign_in.recorded")}</p>
      </main>
    </div>
  );
}

/** Guessing is slowed, so a person who mistypes must read how long to wait; other ways in never wait. */
function Trouble({ error, wrong }: { error: unknown; wrong: Key }) {
  const { t, f } = useWords();
  if (error === null) return null;
  if (!(error instanceof ApiError)) return <Problem error={error} />;
  const wait_s = Number(error.body.details?.["retry_after_s"]);
  const words =
    error.status === 429 && wait_s > 0
      ? t("sign_in.wait", { time: f.age(Math.ceil(wait_s)) })
      : error.code === "passkey_needed"
        ? t("sign_in.passkey_needed")
        : error.code === "passkey_refused"
          ? t("sign_in.passkey_refused")
          : error.code === "step_ended"
            ? t("sign_in.step_ended")
            : error.status === 401 || error.status === 403
              ? t(wrong)
              : null;
  return words === null ? (
    <Problem error={error} />
  ) : (
    <p className="problem" role="alert">
      {words}
    </p>
  );
}
