import { MapView } from "../../map/map-view";
import { useLive, useSession, useWords } from "../../context";

/** The map below the card: the surroundings of the selected incident, or the whole territory while none is selected. */
export function MapStrip({ incidentId, onIncident }: { incidentId: string | null; onIncident: (id: string) => void }) {
  const { t } = useWords();
  const { territories } = useSession();
  const territoryId = useLive("incidents", (store) => (incidentId === null ? undefined : store.incidents.get(incidentId)?.territory_id));
  const isPlaceless = useLive("incidents", (store) => incidentId !== null && store.incidents.get(incidentId)?.place === null);
  const around = territoryId === undefined ? undefined : (territories.get(territoryId)?.parent_id ?? territoryId);
  const parent = around === undefined || !territories.get(around) ? territories.home() : around;
  return (
    <>
      <MapView parent={parent} selected={incidentId} follow onIncident={onIncident} />
      {isPlaceless && <p className="map-note">{t("map.no_place")}</p>}
    </>
  );
}
