/** In the bar: the purpose that holds and until when, a way to end it, and a way to state one before it is asked for. */
import { useEffect, useState } from "react";
import type { MyPurpose } from "../api/access";
import { read } from "../api/client";
import { useSession, useTick, useWords } from "../context";
import { session } from "../session";
import { useCommand } from "../ui/use-command";
import { keepPurpose, usePurpose } from "./purpose-store";
import { PurposeDialog } from "./purpose-dialog";

export function PurposeChip() {
  const { me } = useSession();
  const { t, f } = useWords();
  const purpose = usePurpose();
  const sending = useCommand();
  const [isAsking, setAsking] = useState(false);
  useTick();
  useEffect(() => {
    const leaving = new AbortController();
    read<MyPurpose>("/api/access/purpose", leaving.signal).then(
      (mine) => keepPurpose(mine.active),
      () => undefined, // without it the bar says less; every look is decided on the server
    );
    return () => {
      leaving.abort();
      keepPurpose(null);
    };
  }, [me.account.id]);
  const holds = purpose !== null && Date.parse(purpose.ends_at) > session.store.time.now_ms();
  const to = purpose?.reference ?? ""; // an incident's number: its own, or that of the one a task is about
  return (
    <span className={`purpose-chip ${holds ? "is-held" : ""}`}>
      <button type="button" className="button is-quiet" title={holds ? `${t("purpose.chip")}: ${t(`purpose.need.${purpose.need}`)} · ${t("look.mark_until", { at: f.full(purpose.ends_at) })}` : t("purpose.chip_title")} onClick={() => setAsking(true)}>
        {holds ? (
          <>
            <bdi className="num chip-long">{t("purpose.chip_held", { to, time: f.clock(Date.parse(purpose.ends_at)).slice(0, 5) })}</bdi>
            <bdi className="num chip-short">◈ {to}</bdi>
          </>
        ) : (
          t("purpose.chip_none")
        )}
      </button>
      {holds && (
        <button
          type="button" className="icon-button" aria-label={t("purpose.end")} title={t("purpose.end")} disabled={sending.busy}
          onClick={() => sending.send("POST", `/api/access/purposes/${purpose.id}/end`, {}, () => keepPurpose(null))}
        >
          ×
        </button>
      )}
      {isAsking && <PurposeDialog onClose={() => setAsking(false)} onStated={() => setAsking(false)} />}
    </span>
  );
}
