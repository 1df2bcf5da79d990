/** The way between the units and the help that neighbours give each other. */
import { NavLink } from "react-router";
import { may } from "../../api/permissions";
import { useSession, useWords } from "../../context";

export function UnitsTabs() {
  const { me } = useSession();
  const { t } = useWords();
  if (!may(me, "lend")) return null;
  return (
    <nav className="tabs" aria-label={t("aid.tabs")}>
      <NavLink to="/units" end>
        {t("nav.units")}
      </NavLink>
      <NavLink to="/units/aid">{t("aid.title")}</NavLink>
    </nav>
  );
}
