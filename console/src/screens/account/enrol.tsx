/** Shown instead of everything else while the role needs a second factor that the account does not have. */
import { useWords } from "../../context";
import { session } from "../../session";
import { Problem } from "../../ui/problem";
import { LanguagePicker, ThemePicker } from "../../ui/shell";
import { useRead } from "../../ui/use-read";
import { Codes } from "./codes";
import { Passkeys } from "./passkeys";
import type { Ways } from "./types";

export function EnrolScreen() {
  const { t } = useWords();
  const ways = useRead<Ways>("/api/me/ways");
  const isFromPhone = new URLSearchParams(location.search).get("to") === "unit";
  const goOn = () => (isFromPhone ? location.assign("/unit/") : void session.open());
  return (
    <div className="sign-in">
      <header className="sign-in-bar">
        <ThemePicker />
        <LanguagePicker />
      </header>
      <main className="sign-in-card account is-enrol">
        <h1>{t("enrol.title")}</h1>
        <p>{t("enrol.why")}</p>
        {ways.error !== null && <Problem error={ways.error} onRetry={ways.reload} />}
        {ways.data && (
          <>
            <Passkeys ways={ways.data} onChanged={goOn} />
            <Codes ways={ways.data} onChanged={goOn} />
          </>
        )}
        <button type="button" className="button" onClick={() => void session.signOut()}>
          {t("top.sign_out")}
        </button>
      </main>
    </div>
  );
}
