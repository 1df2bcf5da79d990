/** Puts a LiveMap into the page and hands it what changed. The only place where React and the map meet. */
import { useEffect, useRef, useState } from "react";
import { useLive, useNames, useSession, useWords } from "../context";
import { session } from "../session";
import { Age, PositionAge, PriorityMark, StatusMark } from "../ui/marks";
import { useTheme } from "../ui/theme";
import type { Reach } from "./features";
import { LiveMap, type LiveMapOptions } from "./live-map";

interface Props {
  /** The territory whose children are drawn, or which is drawn itself when they have no outlines. */
  parent: number | null;
  /** One of those children, outlined and gone to. */
  focus?: number | null;
  selected?: string | null;
  /** Go to the selected incident when it changes. */
  follow?: boolean;
  pick?: { lon: number; lat: number } | null;
  /** The circle in which `pick` lies, where it is no more than that. */
  pickReach?: Reach | null;
  /** For what is picked: when another begins without a place, the map goes back to its territory. */
  occasion?: string;
  territoryLabel?: (id: number) => string;
  onIncident?: (id: string) => void;
  onTerritory?: (id: number) => void;
  onPick?: (place: { lon: number; lat: number }) => void;
}

export function MapView(props: Props) {
  const { me, territories } = useSession();
  const { t, f, name } = useWords();
  const { rank } = useNames();
  const theme = useTheme();
  const holder = useRef<HTMLDivElement>(null);
  const map = useRef<LiveMap | null>(null);
  const [hovered, setHovered] = useState<{ kind: "incident" | "unit"; id: string; x: number; y: number } | null>(null);
  const [failed, setFailed] = useState(false);

  const plainLabel = (id: number) => {
    const territory = territories.get(id);
    return territory ? name(territory.names, territory.code) : "";
  };
  const handlers: Partial<LiveMapOptions> = {
    onHover: setHovered,
    ...(props.onIncident ? { onIncident: props.onIncident } : {}),
    ...(props.onTerritory ? { onTerritory: props.onTerritory } : {}),
    ...(props.onPick ? { onPick: props.onPick } : {}),
  };

  useEffect(() => {
    let made: LiveMap;
    try {
      made = new LiveMap(holder.current!, {
        store: session.store, theme, basemap: me.basemap, stale_after_s: me.stale_after_s, rank, title: t("map.title"),
        zoomIn: t("map.zoom_in"), zoomOut: t("map.zoom_out"),
        ageWords: (age_s) => t("position.stale", { age: f.age(age_s) }), territoryLabel: props.territoryLabel ?? plainLabel, ...handlers,
      });
    } catch {
      setFailed(true); // No WebGL on this computer: the lists beside the map say the same.
      return;
    }
    map.current = made;
    const watch = new ResizeObserver(() => made.resize());
    watch.observe(holder.current!);
    return () => {
      watch.disconnect();
      map.current = null;
      made.destroy();
    };
    // Made once; everything that can change is handed over below.
  }, []);

  useEffect(() => map.current?.update(handlers));
  useEffect(() => map.current?.update({ theme }), [theme]);
  useEffect(() => map.current?.update({ zoomIn: t("map.zoom_in"), zoomOut: t("map.zoom_out") }), [t]);
  useEffect(() => map.current?.update({ rank }), [rank]);
  useEffect(() => map.current?.update({ ageWords: (age_s) => t("position.stale", { age: f.age(age_s) }) }), [t, f]);
  useEffect(() => map.current?.update({ territoryLabel: props.territoryLabel ?? plainLabel }), [props.territoryLabel, name, territories]);

  const { parent, focus, selected = null, follow = false, pick, pickReach = null, occasion } = props;
  const shown = useRef<number | null>(null);
  useEffect(() => {
    const territory = parent === null ? undefined : territories.get(parent);
    if (!territory) return;
    const place = follow && selected !== null && session.store.incidents.get(selected)?.place;
    map.current?.showTerritory(territory, !place && focus == null && shown.current !== parent).catch(() => undefined);
    shown.current = parent;
  }, [parent, territories]);
  useEffect(() => {
    if (focus !== undefined) map.current?.focus(focus === null ? null : (territories.get(focus) ?? null)).catch(() => undefined);
  }, [focus, territories]);
  // A reopened or moved incident is gone to again.
  const at = useLive("incidents", (store) => {
    const place = selected === null ? null : store.incidents.get(selected)?.place;
    return place ? `${place.lon} ${place.lat}` : null;
  });
  useEffect(() => void map.current?.select(selected, follow), [selected, follow, at]);
  useEffect(() => void (pick !== undefined && map.current?.setPick(pick, pickReach)), [pick, pickReach?.accuracy_m]);
  const begun = useRef(occasion);
  useEffect(() => {
    if (begun.current === occasion) return;
    begun.current = occasion;
    const territory = parent === null ? undefined : territories.get(parent);
    if (territory && !pick) map.current?.showTerritory(territory, true).catch(() => undefined);
  }, [occasion]);

  return (
    <div className={`map-holder ${props.onPick ? "is-picking" : ""}`}>
      <div className="map" ref={holder} />
      {failed && <p className="empty">{t("map.failed")}</p>}
      {hovered && <HoverCard {...hovered} />}
    </div>
  );
}

function HoverCard({ kind, id, x, y }: { kind: "incident" | "unit"; id: string; x: number; y: number }) {
  const { me } = useSession();
  const { t } = useWords();
  const names = useNames();
  const incident = kind === "incident" ? session.store.incidents.get(id) : undefined;
  const unit = kind === "unit" ? session.store.units.get(id) : undefined;
  if (!incident && !unit) return null;
  return (
    <div className="hover-card" style={{ transform: `translate(${x + 14}px, ${y + 10}px)` }}>
      {incident && (
        <>
          <p>
            <PriorityMark code={incident.priority} /> <bdi>{names.category(incident.category)}</bdi>
          </p>
          <p className="quiet small num">
            <bdi>{incident.number}</bdi> · <Age at={incident.received.at} />
          </p>
          <p className="quiet small">{Object.values(incident.units).map((one) => one.call_sign).join(", ") || t("queue.no_unit")}</p>
        </>
      )}
      {unit && (
        <>
          <p>
            <b>
              <bdi>{unit.call_sign}</bdi>
            </b>{" "}
            <StatusMark status={unit.status} />
          </p>
          <p className="small">
            <PositionAge at={session.store.positions.get(id)?.fix_at ?? null} stale_after_s={me.stale_after_s} />
          </p>
        </>
      )}
    </div>
  );
}
