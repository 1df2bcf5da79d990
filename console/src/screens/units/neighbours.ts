/** The territories a unit can be lent to or asked from: those beside one's own and beside the ones above. */
import { useMemo } from "react";
import { nameOf } from "../../api/territories";
import type { AidOverview } from "../../api/crews";
import { useSession, useWords } from "../../context";

export interface Neighbour {
  id: number;
  name: string;
}

/** Names of territories that may lie outside what this desk sees otherwise. */
export function useTerritoryName(aid: AidOverview | null): (id: number) => string {
  const { territories } = useSession();
  const { t, language } = useWords();
  return useMemo(() => {
    const outside = new Map((aid?.neighbours ?? []).map((one) => [one.id, one.names]));
    return (id) => nameOf(territories.get(id)?.names ?? outside.get(id), language, t("lend.other_territory"));
  }, [aid, territories, language, t]);
}

/** Nearest first: the siblings of the territory, then those of the one around it, and so on up. */
export function useNeighbours(territoryId: number, aid: AidOverview | null): Neighbour[] {
  const { territories } = useSession();
  const { f } = useWords();
  const nameFor = useTerritoryName(aid);
  return useMemo(() => {
    const outside = aid?.neighbours ?? [];
    const own = territories.path(territoryId).map((one) => one.id);
    return [...own].reverse().flatMap((id) => {
      const beside = new Set([...territories.children(id).map((one) => one.id), ...outside.filter((one) => one.parent_id === id).map((one) => one.id)]);
      const inside = id === territoryId;
      return [...beside]
        .filter((one) => !inside && !own.includes(one))
        .map((one) => ({ id: one, name: nameFor(one) }))
        .sort((a, b) => f.compare(a.name, b.name));
    });
  }, [territoryId, aid, territories, nameFor, f]);
}
