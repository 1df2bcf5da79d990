/** Whether what is typed is safe: in words, with the time, and never by colour alone. */
import { useWords } from "../../context";
import type { Saved } from "./draft";

export function SavedMark({ saved }: { saved: Saved }) {
  const { t, f } = useWords();
  if (saved.kind === "empty") return <span className="saved quiet">{t("call.saved_nothing")}</span>;
  if (saved.kind === "saving") return <span className="saved quiet">{t("call.saving")}</span>;
  if (saved.kind === "saved") return <span className="saved num">✓ {t("call.saved", { time: f.clock(saved.at_ms) })}</span>;
  return (
    <span className="saved is-unsaved" role="status">
      ▲ {saved.kind === "offline" ? t("call.unsaved_offline") : t("call.unsaved_refused")}
    </span>
  );
}
