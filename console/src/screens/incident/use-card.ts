/**
 * An incident as a card shows it: the coded facts live from the picture, the rest fetched. Opening a card reads a caller's data and is
 * recorded on the server, so it is fetched once when opened and again only when somebody added to it.
 */
import { useEffect, useRef } from "react";
import type { Contents } from "../../api/contents";
import type { IncidentCard, IncidentView, TimelineEntry } from "../../api/types";
import { read } from "../../api/client";
import { useLive } from "../../context";
import { useRead, type Reading } from "../../ui/use-read";

export interface CardData {
  /** Null when nothing is known of it yet. */
  incident: (IncidentView & { closed_at?: string | null }) | null;
  /** It was in the live picture a moment ago or the card says so: nothing can be done to it any more. */
  isClosed: boolean;
  /** It moved out of this person's territory: what was read of it must not stay on the screen. */
  hasLeft: boolean;
  card: Reading<IncidentCard>;
  contents: Reading<Contents>;
  timeline: Reading<{ entries: TimelineEntry[] }>;
  reload(): void;
}

export function useCard(id: string | null, isOpened: boolean): CardData {
  const live = useLive("incidents", (store) => (id === null ? undefined : store.incidents.get(id)));
  const lastEvent = useLive("incidents", (store) => (id === null ? undefined : store.lastEvents.get(id)));
  const hasLeft = live === undefined && lastEvent?.op === "gone" && lastEvent.type.startsWith("left");
  const path = id !== null && isOpened && !hasLeft ? `/api/incidents/${encodeURIComponent(id)}` : null;
  const card = useRead<IncidentCard>(path);
  const timeline = useRead(path && `${path}/timeline`, readTimeline);
  const contents = useRead<Contents>(path && `${path}/contents`);
  const held = useRef<IncidentView | null>(null);
  if (live) held.current = live;

  const { reload: reloadCard } = card;
  const { reload: reloadTimeline } = timeline;
  const { reload: reloadContents } = contents;
  const isClosedToMe = card.data?.access?.needed === "purpose";
  const bound = card.data?.sealed?.safe_contact;
  const seen = useRef(lastEvent?.seq);
  useEffect(() => {
    if (lastEvent === undefined || lastEvent.seq === seen.current) return;
    seen.current = lastEvent.seq;
    if (path === null) return;
    reloadTimeline();
    // What is said of a party may bind the number of the caller. Of two hundred calls for one fire only one that binds more is read for.
    const isMoreBound = lastEvent.type.includes("call_added") && held.current?.safe_contact.some((rule) => !bound?.includes(rule));
    const isGone = lastEvent.op === "gone" && !lastEvent.type.startsWith("left");
    if (isGone || /note|erase|caller|address|party|contact/.test(lastEvent.type) || isMoreBound) reloadCard();
    if (/part(y|ies)|vehicle|attachment|link|absorbed|split|merged|reopened|shut_out|contact|erase|closed/.test(lastEvent.type)) reloadContents();
    if (/absorbed|split|reopened/.test(lastEvent.type)) reloadCard();
    // What somebody does for an incident, or being given it, makes it their own work: what was closed may be open now.
    if (isClosedToMe && !isGone && /owner_changed|unit_assigned|stage_reached|held|released|backup/.test(lastEvent.type)) {
      reloadCard();
      reloadContents();
    }
  }, [bound, isClosedToMe, lastEvent, path, reloadCard, reloadContents, reloadTimeline]);

  const fetched = card.data?.incident ?? null;
  const newest = live ?? newer(held.current, fetched);
  return {
    incident: newest,
    isClosed: newest !== null && live === undefined && (fetched?.status === "closed" || (lastEvent?.op === "gone" && !hasLeft)),
    hasLeft,
    card,
    contents,
    timeline,
    reload: () => {
      reloadCard();
      reloadContents();
      reloadTimeline();
    },
  };
}

function newer(a: IncidentView | null, b: IncidentView | null): IncidentView | null {
  if (!a || !b) return a ?? b;
  return b.version >= a.version ? b : a;
}

interface TimelinePage {
  entries: TimelineEntry[];
  earlier?: number | null;
}

/** A timeline is whole or it misleads: every page is read, the newest first. */
async function readTimeline(path: string, signal: AbortSignal): Promise<{ entries: TimelineEntry[] }> {
  let { entries, earlier } = await read<TimelinePage>(path, signal);
  while (earlier) {
    const page = await read<TimelinePage>(`${path}?before=${earlier}`, signal);
    entries = [...page.entries, ...entries];
    earlier = page.earlier;
  }
  return { entries };
}
