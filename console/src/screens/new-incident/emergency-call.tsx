/** From an emergency that belongs to no incident to a call of its own: with the unit, the place and the times that its button told. */
import { useNavigate } from "react-router";
import type { AlarmView } from "../../api/types";
import { useSession, useWords } from "../../context";
import { fromPoint, withSurroundings, type ChosenPlace } from "../../ui/place-choice";
import { draft } from "./draft";
import { focusOn } from "./focus-on";

const OFFICER = "officer";
const ACCURACY_MOST_M = 100_000; // More is not a place of a call.

export function EmergencyCallButton({ alarm }: { alarm: AlarmView }) {
  const { codes } = useSession();
  const { t, f, name } = useWords();
  const navigate = useNavigate();
  const begin = () => {
    const place = placeOf(alarm, f.coordinates);
    const note = [
      t("call.emergency_of", { call_sign: alarm.call_sign ?? "?", time: f.clock(alarm.occurred_at) }),
      ...(place !== null && alarm.fix_at !== null ? [t("call.emergency_fix", { time: f.clock(alarm.fix_at) })] : []),
    ].join(" ");
    const id = draft.startWith({
      note,
      ...(place === null ? {} : { place: { chosen: place, text: place.full_text } }),
      ...(codes.channels.some(({ code }) => code === OFFICER) ? { channel: OFFICER } : {}),
    });
    void navigate("/new");
    focusOn(place === null ? ".place-field input" : "#call-category");
    if (place !== null) void nameIt(id, place);
  };
  /** The street and the territory come when the server has said them, unless another place was chosen meanwhile. */
  const nameIt = async (id: string, place: ChosenPlace) => {
    const known = await withSurroundings(place, name);
    const { id: current, fields } = draft.get();
    if (current === id && fields.place.chosen === place) draft.set({ place: { ...fields.place, chosen: known } });
  };
  return (
    <button type="button" className="link-button" onClick={begin}>
      {t("alarms.open_incident")}
    </button>
  );
}

function placeOf({ place, accuracy_m }: AlarmView, coordinates: (lon: number, lat: number) => string): ChosenPlace | null {
  if (place === null) return null;
  return fromPoint(place, "caller_phone", coordinates(place.lon, place.lat), accuracy_m === null ? null : Math.min(accuracy_m, ACCURACY_MOST_M));
}
