/** The duty desk: queue, incident card, units, map strip. On a phone one of them at a time. */
import { useCallback, useEffect, useState } from "react";
import { useLocation, useNavigate, useParams } from "react-router";
import { may } from "../../api/permissions";
import { useMedia, useSession, useWords } from "../../context";
import { useKeys } from "../../ui/keys";
import { later } from "../../ui/later";
import { IncidentCard } from "../incident/incident-card";
import { Queue } from "./queue";
import { UnitsPanel, type FocusAsked } from "./units-panel";

const MapStrip = later(() => import("./map-strip").then((part) => part.MapStrip));

type Panel = "queue" | "card" | "units" | "map";
const PANELS: readonly Panel[] = ["queue", "card", "units", "map"];

export function DeskScreen() {
  const { id } = useParams();
  const { me } = useSession();
  const { t } = useWords();
  const navigate = useNavigate();
  const [cursor, setCursor] = useState<string | null>(id ?? null);
  const [panel, setPanel] = useState<Panel>(id ? "card" : "queue");
  const isNarrow = useMedia("(max-width: 899px)");
  // An alarm asks for its incident to be selected, not opened: opening reads the caller's data.
  const { state, key } = useLocation();
  const asked = (state as { select?: string } | null)?.select;
  useEffect(() => {
    if (asked !== undefined) setCursor(asked);
    else if (id !== undefined) {
      // The command line opened it: the card follows, wherever the cursor stood.
      setCursor(id);
      setPanel("card");
    }
  }, [asked, id, key]);
  const selected = cursor ?? id ?? null;
  const opened = id !== undefined && id === selected ? id : null;

  const open = useCallback(
    (next: string) => {
      setCursor(next);
      setPanel("card");
      void navigate(`/desk/${next}`);
      // Whoever works by keyboard or by ear goes on inside the card.
      setTimeout(() => {
        // Nor may a slow page take the keys from somebody who already types the next thing.
        if (!document.activeElement?.matches("input, textarea, select")) document.getElementById("card-title")?.focus({ preventScroll: true });
      }, 0);
    },
    [navigate],
  );
  useKeys({
    KeyN: () => may(me, "open") && void navigate("/new"),
    KeyF: () => focusOn("units-search"),
    F4: () => recommend(),
  });
  const focusOn = (element: string) => {
    setPanel("units");
    setTimeout(() => document.getElementById(element)?.focus(), 0);
  };

  const [recommendAsked, setRecommendAsked] = useState<FocusAsked | null>(null);
  const recommend = () => {
    setPanel("units");
    setRecommendAsked({ from: document.activeElement });
  };
  const { hash } = useLocation();
  useEffect(() => {
    if (hash === "#recommend") recommend();
  }, [hash, id]);

  const parts: Record<Panel, React.ReactNode> = {
    queue: <Queue selected={selected} onSelect={setCursor} onOpen={open} />,
    card: <IncidentCard key={selected ?? "none"} id={selected} isOpened={opened !== null} onOpen={() => selected !== null && open(selected)} />,
    units: <UnitsPanel incidentId={opened} focusAsked={recommendAsked} />,
    map: (
      <div className="panel strip">
        <MapStrip incidentId={selected} onIncident={open} />
      </div>
    ),
  };
  if (!isNarrow) {
    return (
      <div className="desk">
        <h1 className="sr-only">{t("nav.desk")}</h1>
        {parts.queue}
        {parts.card}
        {parts.units}
        {parts.map}
      </div>
    );
  }
  return (
    <div className="desk is-narrow">
      <h1 className="sr-only">{t("nav.desk")}</h1>
      <div className="segments" role="group" aria-label={t("desk.panels")}>
        {PANELS.map((name) => (
          <button key={name} type="button" aria-pressed={panel === name} onClick={() => setPanel(name)}>
            {t(`desk.panel.${name}`)}
          </button>
        ))}
      </div>
      {parts[panel]}
    </div>
  );
}
