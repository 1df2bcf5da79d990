/** Oversight: who looked at whom, whether that was in order, and what persons ask. One tab each, all in the address. */
import { NavLink, Navigate, useParams } from "react-router";
import { may } from "../../api/permissions";
import { useSession, useWords } from "../../context";
import { TABS } from "./tabs";

export function OversightScreen() {
  const { me } = useSession();
  const { t } = useWords();
  const { part, id } = useParams();
  const tabs = TABS.filter((tab) => may(me, tab.needs));
  const here = tabs.find((tab) => tab.path === part);
  if (!here && tabs[0]) return <Navigate to={`/oversight/${tabs[0].path}`} replace />;
  if (!here) return <p className="empty">{t("oversight.nothing")}</p>;
  return (
    <div className="page oversight">
      <h1 className="sr-only">{t("nav.oversight")}</h1>
      <nav className="tabs" aria-label={t("nav.oversight")}>
        {tabs.map((tab) => (
          <NavLink key={tab.path} to={`/oversight/${tab.path}`}>
            {t(tab.label)}
          </NavLink>
        ))}
      </nav>
      <here.Screen id={id} />
    </div>
  );
}
