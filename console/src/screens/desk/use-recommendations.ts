/** The recommended units of an open incident, read again when what it is about changes and now and then, but never under somebody's hand. */
import { useEffect, useRef } from "react";
import { may } from "../../api/permissions";
import type { Recommendations } from "../../api/types";
import { useLive, useSession } from "../../context";
import { useRead, type Reading } from "../../ui/use-read";

/** Units move and statuses change; a list older than this is read again while nobody is choosing from it. */
const READ_AGAIN_MS = 15_000;

export function useRecommendations(incidentId: string | null, isChoosing: boolean): Reading<Recommendations> {
  const { me } = useSession();
  // What the order hangs on; a new note or stage of the incident does not touch it.
  const about = useLive("incidents", (store) => {
    const incident = incidentId === null ? undefined : store.incidents.get(incidentId);
    return incident ? `${incident.category}|${incident.priority}|${incident.territory_id}|${incident.place?.lon}|${incident.place?.lat}|${Object.keys(incident.units).length}` : null;
  });
  const isAsked = incidentId !== null && about !== null && may(me, "dispatch");
  const reading = useRead<Recommendations>(isAsked ? `/api/incidents/${incidentId}/recommendations` : null);
  const { reload } = reading;
  const seen = useRef(about);
  const choosing = useRef(isChoosing);
  choosing.current = isChoosing;
  useEffect(() => {
    if (seen.current !== about && about !== null) reload();
    seen.current = about;
  }, [about, reload]);
  useEffect(() => {
    if (!isAsked) return;
    const timer = setInterval(() => {
      if (!choosing.current && !document.hidden) reload();
    }, READ_AGAIN_MS);
    return () => clearInterval(timer);
  }, [isAsked, reload]);
  return reading;
}
