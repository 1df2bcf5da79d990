/** Territories level by level with what happens in each now; every figure leads to its records. */
import { useMemo } from "react";
import { Link, useParams } from "react-router";
import { may } from "../api/permissions";
import { useNames, useSession, useWords } from "../context";
import { Crumbs } from "../ui/crumbs";
import { useCounts } from "./counts";

export function TerritoriesScreen() {
  const params = useParams();
  const { me, territories } = useSession();
  const { t, f, name } = useWords();
  const names = useNames();
  const wanted = Number(params.territory);
  const id = territories.get(wanted) ? wanted : territories.home();
  const counts = useCounts(id);
  const children = useMemo(
    () =>
      (id === null ? [] : territories.children(id))
        .map((territory) => ({ territory, label: name(territory.names, territory.code) }))
        .sort((a, b) => f.compare(a.label, b.label)),
    [territories, id, name, f],
  );
  const here = id === null ? undefined : territories.get(id);
  if (!here || id === null) return <p className="empty">{t("territories.none")}</p>;
  return (
    <div className="page">
      <header className="page-head">
        <h1>
          <bdi>{name(here.names, here.code)}</bdi> <span className="quiet small">{names.level(here.level)}</span>
        </h1>
        <span className="spacer" />
        <Link className="button" to={`/map/${id}`}>
          {t("territories.on_map")}
        </Link>
      </header>
      <Crumbs id={id} base="/territories" />
      <p className="totals num">
        <Link to={`/incidents?status=open&territory=${id}`}>{t("territories.open", { n: counts.whole.open })}</Link> ·{" "}
        <Link to={`/units?territory=${id}`}>{t("territories.units", { n: counts.whole.units, free: counts.whole.free })}</Link>
        {may(me, "figures") && <> · <Link to={`/figures?territory=${id}`}>{t("territories.figures")}</Link></>}
      </p>
      <div className="table-wrap page-body" tabIndex={0} role="region" aria-label={t("nav.territories")}>
        {children.length === 0 ? (
          <p className="empty">{t("territories.lowest")}</p>
        ) : (
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">{names.level(children[0]!.territory.level)}</th>
                <th scope="col" className="right">{t("map.open")}</th>
                <th scope="col" className="right">{t("territories.units_on_duty")}</th>
                <th scope="col" className="right">{t("territories.free")}</th>
              </tr>
            </thead>
            <tbody>
              {children.map(({ territory, label }) => {
                const count = counts.children.get(territory.id) ?? { open: 0, units: 0, free: 0 };
                return (
                  <tr key={territory.id}>
                    <th scope="row">
                      <Link to={`/territories/${territory.id}`}>
                        <bdi>{label}</bdi>
                      </Link>
                    </th>
                    <td className="num right">
                      <Link to={`/incidents?status=open&territory=${territory.id}`}>{f.number(count.open)}</Link>
                    </td>
                    <td className="num right">
                      <Link to={`/units?territory=${territory.id}`}>{f.number(count.units)}</Link>
                    </td>
                    <td className="num right">{f.number(count.free)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        )}
      </div>
    </div>
  );
}
