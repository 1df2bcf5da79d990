import { useState, type FormEvent } from "react";
import { ApiError } from "../api/client";
import { useWords } from "../context";
import { session } from "../session";
import { Problem } from "../ui/problem";
import { LanguagePicker, ThemePicker } from "../ui/shell";
import { useRead } from "../ui/use-read";

export function SignInScreen() {
  const { t } = useWords();
  const centre = useRead<{ demo: boolean; training: boolean; trial?: boolean }>("/api/centre");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setError(null);
    session.signIn(String(form.get("login")).trim(), String(form.get("password"))).catch((problem: unknown) => {
      setBusy(false);
      setError(problem);
    });
  };

  const isWrong = error instanceof ApiError && (error.status === 401 || error.status === 403);
  return (
    <div className="sign-in">
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
        <form onSubmit={submit}>
          <label className="field">
            <span>{t("sign_in.login")}</span>
            <input name="login" autoComplete="username" autoCapitalize="none" spellCheck={false} required autoFocus />
          </label>
          <label className="field">
            <span>{t("sign_in.password")}</span>
            <input name="password" type="password" autoComplete="current-password" required />
          </label>
          {isWrong && (
            <p className="problem" role="alert">
              {t("sign_in.wrong")}
            </p>
          )}
          {error !== null && !isWrong && <Problem error={error} />}
          <button type="submit" className="button is-primary is-wide" disabled={busy}>
            {busy ? t("sign_in.busy") : t("sign_in.submit")}
          </button>
        </form>
        <p className="quiet small">{t("sign_in.recorded")}</p>
      </main>
    </div>
  );
}
