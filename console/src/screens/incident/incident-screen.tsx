/** One incident on a page of its own: what a figure's records lead to. */
import { Link, useParams } from "react-router";
import { useWords } from "../../context";
import { IncidentCard } from "./incident-card";

export function IncidentScreen() {
  const { id = null } = useParams();
  const { t } = useWords();
  return (
    <div className="page is-fill">
      <p className="crumbs">
        <Link to="/incidents">{t("records.title")}</Link>
      </p>
      <h1 className="sr-only">{t("card.title")}</h1>
      <IncidentCard id={id} isOpened onOpen={() => undefined} />
    </div>
  );
}
