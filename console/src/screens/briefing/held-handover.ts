/**
 * Reads a handover again and again while it is taken over. Each look at its texts is recorded on the server, so texts that stand on the
 * page already are not asked for a second time: only a new one makes a new look.
 */
import { read } from "../../api/client";
import type { HandoverCard } from "./types";

export function handoverReader(): (path: string, signal: AbortSignal) => Promise<HandoverCard> {
  let last: HandoverCard | null = null;
  return async (path, signal) => {
    const card = await read<HandoverCard>(last?.texts ? `${path}?held=${last.texts}` : path, signal);
    last = card.held && last ? withTexts(card, last) : card;
    return last;
  };
}

function withTexts(card: HandoverCard, before: HandoverCard): HandoverCard {
  const known = new Map(before.items.map((item) => [item.id, item]));
  const items = card.items.map((item) => {
    const { text = null, remark = null } = known.get(item.id) ?? {};
    return { ...item, text, remark: item.is_shut ? null : remark };
  });
  // The mark keeps the time at which the texts were shown.
  return { ...card, items, access: before.access };
}
