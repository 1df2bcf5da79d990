/** Swaps of the territories: what waits for the supervisor stands first, with its two answers. */
import { useEffect } from "react";
import type { SwapDecisionRequest } from "../../api/contract-check";
import type { Swap } from "../../api/crews";
import { useSession, useWords } from "../../context";
import { Problem } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";
import { useRead } from "../../ui/use-read";
import { useCodeNames } from "../units/code-names";

const LOOK_MS = 30_000;
const ORDER: Record<Swap["state"], number> = { accepted: 0, asked: 1, confirmed: 2, rejected: 3, declined: 3, withdrawn: 3 };

export function Swaps({ onDone }: { onDone: () => void }) {
  const { me } = useSession();
  const { t, f } = useWords();
  const words = useCodeNames();
  const swaps = useRead<{ items: Swap[] }>("/api/roster-swaps");
  const sending = useCommand();
  const { reload } = swaps;
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && reload(), LOOK_MS);
    return () => clearInterval(timer);
  }, [reload]);
  const items = [...(swaps.data?.items ?? [])].sort((a, b) => ORDER[a.state] - ORDER[b.state]);
  if (swaps.error !== null) return <Problem error={swaps.error} />;
  if (items.length === 0) return null;
  const decide = (swap: Swap, step: SwapDecisionRequest["step"]) =>
    sending.send("POST", `/api/roster-swaps/${swap.id}/decision`, { version: swap.version, step } satisfies SwapDecisionRequest, () => {
      reload();
      onDone();
    });
  const again = () => {
    sending.clear();
    reload();
  };
  return (
    <section className="swaps" aria-labelledby="swaps-title">
      <h2 id="swaps-title">{t("shifts.swaps")}</h2>
      {sending.error !== null && <Problem error={sending.error} onReload={again} onRetry={sending.retry} />}
      <ul className="plain-list">
        {items.map((swap) => (
          <li key={swap.id} className="swap">
            <span>
              <b>{t(`shifts.swap.${swap.state}`)}</b>: <bdi>{swap.from.display_name}</bdi> → <bdi>{swap.to.display_name}</bdi>, {words.shift(swap.shift.name)} <span className="num">{f.full(swap.shift.starts_at, "minute")}</span>
            </span>
            {swap.state === "accepted" && me.account.id !== swap.from.id && me.account.id !== swap.to.id && (
              <span className="swap-acts">
                <button type="button" className="button is-primary" disabled={sending.busy} onClick={() => decide(swap, "confirmed")}>
                  {t("shifts.confirm")}
                </button>
                <button type="button" className="button" disabled={sending.busy} onClick={() => decide(swap, "rejected")}>
                  {t("shifts.reject")}
                </button>
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
