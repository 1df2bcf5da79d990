/** The head of the form: whether it is saved, other calls that wait unfinished, and the way to throw this one away. */
import { useState } from "react";
import { useNames, useWords } from "../../context";
import { Dialog } from "../../ui/dialog";
import type { CallDraft } from "../../api/calls";
import { draft, type Saved } from "./draft";
import { isEmpty, type Fields } from "./fields";
import { SavedMark } from "./saved-mark";

export function FormHead({ saved, others, fields }: { saved: Saved; others: readonly CallDraft[]; fields: Fields }) {
  const { t, f } = useWords();
  const names = useNames();
  const [asks, setAsks] = useState(false);
  return (
    <>
      <header className="panel-head">
        <h1 id="new-title">{t("call.title")}</h1>
        <SavedMark saved={saved} />
        <span className="spacer" />
        {others.map((one) => (
          <button key={one.id} type="button" className="button is-small" onClick={() => draft.resume(one)}>
            {t("call.unfinished", { what: one.fields["category"] ? names.category(one.fields["category"]) : t("call.unnamed"), time: f.clock(one.saved_at).slice(0, 5) })}
          </button>
        ))}
        {!isEmpty(fields) && fields.incident_id === "" && (
          <button type="button" className="button is-small" onClick={() => setAsks(true)}>
            {t("new.discard")}
          </button>
        )}
      </header>
      {asks && (
        <Dialog title={t("new.discard_ask")} onClose={() => setAsks(false)}>
          <p>{t("new.discard_lost")}</p>
          <footer className="dialog-foot">
            <button type="button" className="button" onClick={() => setAsks(false)}>
              {t("action.cancel")}
            </button>
            <button
              type="button" className="button is-primary"
              onClick={() => {
                setAsks(false);
                draft.discard();
              }}
            >
              {t("new.discard")}
            </button>
          </footer>
        </Dialog>
      )}
    </>
  );
}
