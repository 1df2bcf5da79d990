/** One's own account: the ways in and the sessions. It shows nobody else's, and no secret twice. */
import { may } from "../../api/permissions";
import { useSession, useWords } from "../../context";
import { Problem } from "../../ui/problem";
import { useRead } from "../../ui/use-read";
import { Codes } from "./codes";
import { Home } from "./home";
import { Passkeys } from "./passkeys";
import { Sessions } from "./sessions";
import type { Ways } from "./types";

export function AccountScreen() {
  const { t } = useWords();
  const { me } = useSession();
  const ways = useRead<Ways>("/api/me/ways");
  return (
    <div className="page account">
      <header className="page-head">
        <h1>{t("account.title")}</h1>
        <span className="quiet" dir="auto">
          {me.account.display_name} · {me.account.login}
        </span>
      </header>
      {(me.demo || me.training) && <p className="quiet">{t("account.exempt")}</p>}
      {ways.error !== null && <Problem error={ways.error} onRetry={ways.reload} />}
      {ways.data && (
        <>
          {ways.data.is_second_factor_needed && <p className="quiet">{t("account.needed")}</p>}
          {ways.data.has_provider && <p className="quiet">{t("account.provider")}</p>}
          <Passkeys ways={ways.data} onChanged={ways.reload} />
          {ways.data.has_password && <Codes ways={ways.data} onChanged={ways.reload} />}
        </>
      )}
      {may(me, "sealed") && <Home />}
      <Sessions />
    </div>
  );
}
