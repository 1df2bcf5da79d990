/**
 * Keeps the anchored row (under the pointer, else selected) still on the glass while rows above it come and go, by scrolling as much.
 * Room that scrolling cannot give at either end of the list is made by padding, and taken back when the pointer leaves.
 */
import { useLayoutEffect, useRef, useState, type PointerEvent, type RefObject } from "react";
import { anchorShift_px, ROW_PX } from "./queue-data";

export function useStillRows(scroller: RefObject<HTMLDivElement | null>, ids: readonly string[], selected: string | null) {
  const hovered = useRef<string | null>(null);
  const before = useRef<readonly string[]>(ids);
  const due = useRef<number | null>(null);
  const [padTop_px, setPadTop] = useState(0);
  const [padBottom_px, setPadBottom] = useState(0);
  const [displaced, setDisplaced] = useState(false);
  const [newcomers, setNewcomers] = useState<ReadonlySet<string>>(new Set());

  useLayoutEffect(() => {
    const element = scroller.current;
    const was = before.current;
    before.current = ids;
    if (!element || was === ids) return;
    const anchor = hovered.current ?? visibleSelected(element, was, selected, padTop_px) ?? firstVisible(element, was, padTop_px);
    const shift = anchorShift_px(was, ids, anchor, ROW_PX);
    if (shift === 0) return;
    const wanted = element.scrollTop + shift;
    if (wanted < 0) {
      setPadTop((pad) => pad - wanted);
      due.current = 0;
    } else {
      const room = padTop_px + ids.length * ROW_PX - element.clientHeight;
      if (wanted > room) setPadBottom(wanted - room);
      due.current = wanted;
    }
    if (shift > 0) {
      const known = new Set(was);
      setDisplaced(true);
      setNewcomers((held) => new Set([...held, ...ids.filter((id) => !known.has(id))]));
    }
  }, [ids, scroller, selected, padTop_px]);

  useLayoutEffect(() => {
    if (due.current === null || !scroller.current) return;
    scroller.current.scrollTop = due.current;
    // The room of a short list is made by the next drawing: until then the browser scrolls less far than it should.
    if (scroller.current.scrollTop >= due.current - 1) due.current = null;
  });

  // Whoever goes on to another row holds none still any more: the room made for it is taken back.
  useLayoutEffect(() => {
    if (hovered.current !== null || padTop_px === 0 || !scroller.current) return;
    due.current = Math.max(0, scroller.current.scrollTop - padTop_px);
    setPadTop(0);
  }, [selected]);

  const settle = () => {
    due.current = null;
    setPadTop(0);
    setPadBottom(0);
    setDisplaced(false);
    setNewcomers(new Set());
  };
  // What the list hid by itself is said; what a person scrolled away they know of.
  const above = displaced ? Math.max(0, Math.round(((scroller.current?.scrollTop ?? 0) - padTop_px) / ROW_PX)) : 0;
  return {
    padTop_px,
    padBottom_px,
    above,
    /** The most urgent of the new rows that are hidden above. */
    newcomer: ids.slice(0, above).find((id) => newcomers.has(id)) ?? null,
    toTop: () => {
      settle();
      scroller.current?.scrollTo({ top: 0 });
    },
    onPointerMove: (event: PointerEvent) => {
      hovered.current = (event.target as HTMLElement).closest<HTMLElement>("[data-id]")?.dataset.id ?? null;
    },
    onPointerLeave: () => {
      hovered.current = null;
      due.current = null;
      if (padTop_px > 0) due.current = Math.max(0, (scroller.current?.scrollTop ?? 0) - padTop_px);
      setPadTop(0);
      // A list shorter than its place has nothing to hide: without the padding the browser shows all of it again.
      setPadBottom(0);
    },
    onScroll: () => {
      if (displaced && due.current === null && (scroller.current?.scrollTop ?? 1) <= padTop_px) {
        setDisplaced(false);
        setNewcomers(new Set());
      }
    },
  };
}

function visibleSelected(element: HTMLElement, ids: readonly string[], selected: string | null, padTop_px: number): string | null {
  const at = selected === null ? -1 : ids.indexOf(selected);
  if (at < 0) return null;
  const top = padTop_px + at * ROW_PX;
  return top + ROW_PX > element.scrollTop && top < element.scrollTop + element.clientHeight ? selected : null;
}

/** Scrolled down, the list keeps its place; at the very top new rows may push the rest down, for nobody points at anything. */
function firstVisible(element: HTMLElement, ids: readonly string[], padTop_px: number): string | null {
  if (element.scrollTop <= 0) return null;
  return ids[Math.ceil((element.scrollTop - padTop_px) / ROW_PX)] ?? null;
}
