/** On a card: what is needed to see what names people, and why one may or may not. */
import { useState } from "react";
import type { Access, Why } from "../api/access";
import { useSession, useWords } from "../context";
import { Dialog } from "../ui/dialog";
import { useKeys } from "../ui/keys";
import { Kbd } from "../ui/marks";
import { Problem } from "../ui/problem";
import { useRead } from "../ui/use-read";
import { may } from "../api/permissions";
import { GlassDialog } from "./glass-dialog";
import { PurposeDialog } from "./purpose-dialog";

interface Props {
  incidentId: string;
  access: Access;
  /** Taking it over is offered above. */
  canTake: boolean;
  onOpened: () => void;
}

/** Where the incident is nobody's work here. Taking it over has a button and a key of its own above. */
export function Needed({ incidentId, access, canTake, onOpened }: Props) {
  const { t } = useWords();
  const { me } = useSession();
  const [asked, setAsked] = useState<"purpose" | "glass" | null>(null);
  const canAsk = access.needed === "purpose" && may(me, "sealed");
  useKeys(canAsk ? { KeyP: () => setAsked("purpose"), KeyG: () => setAsked("glass") } : {});
  const opened = () => {
    setAsked(null);
    onOpened();
  };
  return (
    <div className="notice is-warning look-needed" role="status">
      <p>
        {t(canAsk ? "look.needed" : "look.no_right")} {canAsk && canTake && t("look.needed_take")}
      </p>
      <p className="button-row">
        {canAsk && (
          <>
            <button type="button" className="button is-small" onClick={() => setAsked("purpose")}>
              {t("look.state")} <Kbd>P</Kbd>
            </button>
            <button type="button" className="button is-small is-danger" onClick={() => setAsked("glass")}>
              {t("look.break")} <Kbd>G</Kbd>
            </button>
          </>
        )}
        <WhyButton incidentId={incidentId} />
      </p>
      {asked === "purpose" && <PurposeDialog incidentId={incidentId} onStated={opened} onClose={() => setAsked(null)} />}
      {asked === "glass" && <GlassDialog incidentId={incidentId} onBroken={opened} onClose={() => setAsked(null)} />}
    </div>
  );
}

export function WhyButton({ incidentId }: { incidentId: string }) {
  const { t } = useWords();
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="link-button" onClick={() => setOpen(true)}>
        {t("look.why")}
      </button>
      {isOpen && <WhyDialog incidentId={incidentId} onClose={() => setOpen(false)} />}
    </>
  );
}

function WhyDialog({ incidentId, onClose }: { incidentId: string; onClose: () => void }) {
  const { t, language } = useWords();
  const why = useRead<Why>(`/api/access/why?incident=${incidentId}`);
  return (
    <Dialog title={t("look.why_title")} onClose={onClose}>
      {why.error !== null && <Problem error={why.error} />}
      {!why.data && why.error === null && <p className="quiet">{t("app.loading")}</p>}
      {why.data && (
        <>
          <p>
            <strong>{t(why.data.allowed ? "look.why_may" : "look.why_may_not")}</strong>
          </p>
          <ul>
            {(why.data.words[language] ?? []).map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </>
      )}
    </Dialog>
  );
}
