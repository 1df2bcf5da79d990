/** Whose a task is, and taking it: only who has taken it can state a purpose for what it is about. */
import type { ReactNode } from "react";
import { may } from "../../api/permissions";
import { useSession, useWords } from "../../context";
import { Problem } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";

export interface TaskOwner {
  id: string;
  name: string;
}

export function TakenBy({ owner }: { owner: TaskOwner | null }) {
  const { t } = useWords();
  const { me } = useSession();
  if (!owner) return <span className="quiet">{t("task.nobody")}</span>;
  return owner.id === me.account.id ? <>{t("task.you")}</> : <bdi>{owner.name}</bdi>;
}

/** `path` takes it on the version seen. Shown to whoever may do it; what is below is for who has it. */
export function TakeTask({ path, version, owner, onTaken, children }: { path: string; version: number; owner: TaskOwner | null; onTaken: () => void; children?: ReactNode }) {
  const { t } = useWords();
  const { me } = useSession();
  const sending = useCommand();
  const isMine = owner?.id === me.account.id;
  return (
    <div className="button-row oversight-take">
      {sending.error !== null && <Problem error={sending.error} onReload={() => (sending.clear(), onTaken())} onRetry={sending.retry} />}
      {!isMine && (
        <button type="button" className="button" disabled={sending.busy} onClick={() => sending.send("POST", path, { version }, onTaken)}>
          {sending.busy ? t("sending.busy") : t(owner ? "task.take_over" : "task.take")}
        </button>
      )}
      {may(me, "sealed") && <span className="quiet small">{t("task.take_note")}</span>}
      {isMine && children}
    </div>
  );
}
