/**
 * A part of the console that is fetched when it is first shown. One that does not come says so in its own place and is fetched
 * again by itself; the rest of the page stays, and the page is never loaded anew under somebody's hands.
 */
import { useEffect, useState, type ComponentType } from "react";
import { useLive, useWords } from "../context";
import { backoff_ms, pause } from "../live/backoff";

/** Returns a component that fetches itself by `load` when first drawn, with growing pauses (see backoff.ts) until it has come. */
export function later<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let Part: ComponentType<Props> | null = null;
  return function Later(props: Props) {
    const [state, setState] = useState<"waiting" | "missing" | "there">(Part ? "there" : "waiting");
    useEffect(() => {
      if (Part) return;
      const left = new AbortController();
      const fetchPart = async () => {
        for (let failures = 0; ; failures += 1) {
          Part ??= await load().catch(() => null);
          left.signal.throwIfAborted();
          if (Part) return setState("there");
          setState("missing");
          await pause(backoff_ms(failures), left.signal, globalThis.window);
        }
      };
      void fetchPart().catch(() => undefined); // Nobody looks any more.
      return () => left.abort();
    }, []);
    if (Part) return <Part {...props} />;
    return <Waiting isMissing={state === "missing"} />;
  };
}

function Waiting({ isMissing }: { isMissing: boolean }) {
  const { t } = useWords();
  // Without a line a reload would take the rest of the page too; with it, it brings the names of an upgraded centre. Who sees no
  // live picture, as an auditor, has no line to be without.
  const isOffline = useLive("link", (store) => store.link.kind === "offline");
  if (!isMissing) return <p className="quiet pad">{t("app.loading")}</p>;
  return (
    <div className="pad" data-missing>
      <p className="notice is-warning" role="status">{t("app.part_missing")}</p>
      {!isOffline && (
        <button type="button" className="button is-small" onClick={() => location.reload()}>
          {t("problem.reload")}
        </button>
      )}
    </div>
  );
}
