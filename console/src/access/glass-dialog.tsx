/** Breaking the glass: a ground and one sentence, and the incident is open. Nothing here may slow anybody down. */
import { useEffect, useRef, useState, type FormEvent } from "react";
import { GROUNDS, type GlassRequest, type Ground } from "../api/access";
import { useWords } from "../context";
import { Choices } from "../ui/choices";
import { Dialog } from "../ui/dialog";
import { Problem } from "../ui/problem";
import { useCommand } from "../ui/use-command";

const LONGEST = 300;
const SHORTEST = 3;

export function GlassDialog({ incidentId, onBroken, onClose }: { incidentId: string; onBroken: () => void; onClose: () => void }) {
  const { t } = useWords();
  const sending = useCommand();
  const [ground, setGround] = useState<Ground>("life");
  const [sentence, setSentence] = useState("");
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);
  const canBreak = sentence.trim().length >= SHORTEST && !sending.busy;
  const breakIt = (event: FormEvent) => {
    event.preventDefault();
    if (canBreak) sending.send("POST", "/api/access/glass", { incident: incidentId, ground, sentence } satisfies GlassRequest, onBroken);
  };
  return (
    <Dialog title={t("glass.title")} onClose={onClose}>
      <form onSubmit={breakIt} className="look-form">
        <p className="notice is-warning">{t("glass.what")}</p>
        <label className="field">
          <span>{t("glass.sentence")}</span>
          <input ref={first} type="text" dir="auto" value={sentence} maxLength={LONGEST} onChange={(event) => setSentence(event.target.value)} />
        </label>
        <Choices legend={t("glass.ground")} name="ground" values={GROUNDS} chosen={ground} word={(one) => t(`glass.ground.${one}`)} onChoose={setGround} />
        {sending.error !== null && <Problem error={sending.error} onRetry={sending.retry} />}
        <footer className="dialog-foot">
          <button type="submit" className="button is-danger" disabled={!canBreak}>
            {sending.busy ? t("sending.busy") : t("glass.submit")}
          </button>
          <button type="button" className="button" onClick={onClose}>
            {t("action.cancel")}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
