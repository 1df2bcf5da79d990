/** The one call form of this tab, for React. */
import { useEffect, useSyncExternalStore } from "react";
import { draft, type DraftState } from "./draft";

export function useDraft(): DraftState {
  useEffect(() => {
    void draft.look();
    return () => draft.leave();
  }, []);
  return useSyncExternalStore(draft.subscribe, draft.get);
}
