import { Link } from "react-router";
import { useNames, useSession, useWords } from "../context";

/** The way from the country down to here; what lies above one's own territory is named but leads nowhere. */
export function Crumbs({ id, base }: { id: number; base: string }) {
  const { territories } = useSession();
  const { t, name } = useWords();
  const names = useNames();
  const path = territories.path(id);
  return (
    <nav className="crumbs" aria-label={t("map.crumbs")}>
      <ol>
        {path.map((territory, index) => {
          const label = <bdi>{name(territory.names, territory.code)}</bdi>;
          const isLast = index === path.length - 1;
          return (
            <li key={territory.id} title={names.level(territory.level)}>
              {isLast ? <b aria-current="page">{label}</b> : territories.isInScope(territory.id) ? <Link to={`${base}/${territory.id}`}>{label}</Link> : <span className="quiet">{label}</span>}
            </li>
          );
        })}
      </ol>
    </nav>
  );
}
