/** The briefing: the handover between two officers, and the daily summary. One tab each, both in the address. */
import { NavLink, Navigate, useParams } from "react-router";
import { may } from "../../api/permissions";
import { useSession, useWords } from "../../context";
import { HandoverScreen } from "./handover";
import { StoredSummary } from "./summary-stored";
import { SummaryScreen } from "./summary-screen";

export function BriefingScreen() {
  const { me } = useSession();
  const { t } = useWords();
  const { part, id } = useParams();
  const tabs = [
    { to: "/briefing/handover", label: t("briefing.handover"), shown: may(me, "handover") },
    { to: "/briefing/summary", label: t("briefing.summary"), shown: may(me, "summary") },
  ].filter((tab) => tab.shown);
  if (part === undefined && tabs[0]) return <Navigate to={tabs[0].to} replace />;
  return (
    <div className="page briefing">
      <nav className="tabs" aria-label={t("nav.briefing")}>
        {tabs.map((tab) => (
          <NavLink key={tab.to} to={tab.to} className={({ isActive }) => `tab ${isActive ? "is-here" : ""}`}>
            {tab.label}
          </NavLink>
        ))}
      </nav>
      {part === "handover" && may(me, "handover") && <HandoverScreen id={id} />}
      {part === "summary" && may(me, "summary") && (id ? <StoredSummary key={id} id={id} /> : <SummaryScreen />)}
    </div>
  );
}
