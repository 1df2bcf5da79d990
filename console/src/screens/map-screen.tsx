/** The whole map, and beside it the same in a table: territories below this one, its incidents. */
import { useCallback, useMemo, useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { useLive, useMedia, useNames, useSession, useWords } from "../context";
import { derived } from "../live/derived";
import { MapView } from "../map/map-view";
import { Crumbs } from "../ui/crumbs";
import { Age, PriorityMark } from "../ui/marks";
import { useCalm } from "../ui/use-calm";
import { useCounts } from "./counts";
import { sortQueue } from "./desk/queue-data";

const everyIncident = derived(["incidents"], (store) => [...store.incidents.values()]);
const MOST_ROWS = 200;

export function MapScreen() {
  const params = useParams();
  const { territories } = useSession();
  const { t, f, name } = useWords();
  const navigate = useNavigate();
  const isNarrow = useMedia("(max-width: 899px)");
  const [twin, setTwin] = useState(false);
  const wanted = Number(params.territory);
  const parent = territories.get(wanted) ? wanted : territories.home();
  const counts = useCounts(parent);
  // A territory without children (a neighbourhood) is shown within its parent's outlines.
  const hasChildren = parent !== null && territories.children(parent).length > 0;
  const above = parent === null ? null : (territories.get(parent)?.parent_id ?? null);
  const drawn = hasChildren || above === null || !territories.get(above) ? parent : above;
  const drawnCounts = useCounts(drawn);

  const label = useCallback(
    (id: number) => {
      const territory = territories.get(id);
      if (!territory) return "";
      const count = drawnCounts.children.get(id);
      const counted = count && count.open > 0 ? `\n${t("map.label_open", { n: f.number(count.open) })}` : "";
      return `${name(territory.names, territory.code)}${counted}`;
    },
    [territories, drawnCounts, name, t, f],
  );
  const goDown = useCallback((id: number) => void navigate(`/map/${id}`), [navigate]);
  const open = useCallback((id: string) => void navigate(`/desk/${id}`), [navigate]);

  return (
    <div className="map-screen">
      <h1 className="sr-only">{t("nav.map")}</h1>
      <header className="map-head">
        {parent !== null && <Crumbs id={parent} base="/map" />}
        <span className="spacer" />
        <p className="num">{t("map.totals", { open: counts.whole.open, units: counts.whole.units, free: counts.whole.free })}</p>
        {isNarrow && (
          <button type="button" className="button" aria-pressed={twin} onClick={() => setTwin(!twin)}>
            {twin ? t("map.show_map") : t("map.show_list")}
          </button>
        )}
      </header>
      {(!isNarrow || !twin) && (
        <div className="map-area">
          <MapView parent={drawn} focus={drawn === parent ? null : parent} onTerritory={goDown} onIncident={open} territoryLabel={label} />
          <Legend />
        </div>
      )}
      {(!isNarrow || twin) && parent !== null && <ListTwin parent={parent} counts={counts} />}
    </div>
  );
}

function ListTwin({ parent, counts }: { parent: number; counts: ReturnType<typeof useCounts> }) {
  const { territories } = useSession();
  const { t, f, name } = useWords();
  const names = useNames();
  const incidents = useCalm(useLive("incidents", everyIncident), 500);
  const inside = useMemo(
    () => sortQueue(incidents.filter((incident) => territories.isWithin(incident.territory_id, parent)), names.rank),
    [incidents, territories, parent, names],
  );
  const children = useMemo(
    () =>
      territories
        .children(parent)
        .map((territory) => ({ territory, label: name(territory.names, territory.code) }))
        .sort((a, b) => f.compare(a.label, b.label)),
    [territories, parent, name, f],
  );
  return (
    <aside className="panel twin" aria-label={t("map.list")}>
      <div className="scroll" tabIndex={0} role="group" aria-label={t("map.list")}>
        {children.length > 0 && (
          <table className="plain">
            <caption>{names.level(children[0]!.territory.level)}</caption>
            <thead>
              <tr>
                <th scope="col">{t("facts.territory")}</th>
                <th scope="col" className="right">{t("map.open")}</th>
                <th scope="col" className="right">{t("map.free_of")}</th>
              </tr>
            </thead>
            <tbody>
              {children.map(({ territory, label }) => {
                const count = counts.children.get(territory.id);
                return (
                  <tr key={territory.id}>
                    <th scope="row">
                      <Link to={`/map/${territory.id}`}>
                        <bdi>{label}</bdi>
                      </Link>
                    </th>
                    <td className="num right">{f.number(count?.open ?? 0)}</td>
                    <td className="num right">
                      {f.number(count?.free ?? 0)} / {f.number(count?.units ?? 0)}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        )}
        <table className="plain">
          <caption>{t("map.incidents_here", { n: inside.length })}</caption>
          <thead>
            <tr>
              <th scope="col">{t("field.priority")}</th>
              <th scope="col">{t("field.category")}</th>
              <th scope="col">{t("records.age")}</th>
            </tr>
          </thead>
          <tbody>
            {inside.slice(0, MOST_ROWS).map(({ incident }) => (
              <tr key={incident.id}>
                <td>
                  <PriorityMark code={incident.priority} />
                </td>
                <td>
                  <Link to={`/desk/${incident.id}`}>
                    <bdi>{names.category(incident.category)}</bdi>
                  </Link>
                  <span className="quiet small"> {names.territory(incident.territory_id) ?? t("unknown")}</span>
                </td>
                <td>
                  <Age at={incident.received.at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {inside.length > MOST_ROWS && (
          <p className="quiet pad">
            <Link to={`/incidents?status=open&territory=${parent}`}>{t("map.all_records", { n: inside.length })}</Link>
          </p>
        )}
        {inside.length === 0 && <p className="quiet pad">{t("queue.empty")}</p>}
      </div>
    </aside>
  );
}

function Legend() {
  const { t } = useWords();
  const { codes, me } = useSession();
  const names = useNames();
  return (
    <details className="legend">
      <summary>{t("map.legend")}</summary>
      <ul>
        {codes.priorities.map(({ code }) => (
          <li key={code}>
            <PriorityMark code={code} /> {names.priority(code)}
          </li>
        ))}
        <li>
          <svg className="legend-ring" viewBox="0 0 26 26" aria-hidden="true">
            <circle cx="13" cy="13" r="8" className="is-fill" />
            <circle cx="13" cy="13" r="11" />
          </svg>
          {t("map.legend_fresh")}
        </li>
        <li>
          <svg className="legend-ring is-stale" viewBox="0 0 26 26" aria-hidden="true">
            <circle cx="13" cy="13" r="10.5" strokeDasharray="2.5 2.5" />
          </svg>
          {t("map.legend_stale", { n: me.stale_after_s })}
        </li>
      </ul>
    </details>
  );
}
