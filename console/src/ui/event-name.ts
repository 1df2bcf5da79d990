/** What an event is called by people. An event type this console has not heard of is shown by its own name, not hidden. */
import { useWords } from "../context";
import { en } from "../i18n/en";
import type { Key } from "../i18n/messages";

export function useEventName(): (type: string) => string {
  const { t } = useWords();
  return (type) => {
    const bare = type.replace(/\/\d+$/, "");
    const key = `event.${bare}`;
    return key in en ? t(key as Key) : bare;
  };
}
