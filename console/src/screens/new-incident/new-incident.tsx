/** A new incident: what, how urgent, where, then who called. The form keeps what is typed; Esc or another screen never loses it. */
import { lazy, Suspense, useEffect, useState, type FormEvent } from "react";
import { useNavigate } from "react-router";
import type { NewIncident } from "../../api/types";
import { useNames, useSession, useWords } from "../../context";
import { parseCoordinates } from "../../ui/coordinates";
import { Dialog } from "../../ui/dialog";
import { Kbd } from "../../ui/marks";
import { Problem, problemFields, withLocalTimes } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";
import { clearDraft, hasPrivateDraft, loadDraft, saveDraft, type CodedDraft, type PrivateDraft } from "./draft";
import { CodeSelect, Field } from "./form-parts";
import { TerritoryPicker } from "./territory-picker";

const PickMap = lazy(() => import("../../map/map-view").then((module) => ({ default: module.MapView })));

export function NewIncidentScreen() {
  const { territories, codes } = useSession();
  const { t, f } = useWords();
  const names = useNames();
  const navigate = useNavigate();
  const sending = useCommand();
  const [askDiscard, setAskDiscard] = useState(false);
  const [coded, setCoded] = useState<CodedDraft>(() => {
    const { coded: kept } = loadDraft();
    return { ...kept, channel: kept.channel || (codes.channels[0]?.code ?? "") };
  });
  const [personal, setPersonal] = useState<PrivateDraft>(() => loadDraft().personal);
  useEffect(() => saveDraft(coded, personal), [coded, personal]);
  useWarnBeforeLeaving();

  const place = parseCoordinates(coded.place);
  const placeIsWrong = coded.place.trim() !== "" && place === null;
  const missing = !coded.category || !coded.priority || (!place && !coded.territory) || placeIsWrong;
  const refused = new Map(problemFields(sending.error).map(({ field, message }) => [field, withLocalTimes(message, f)]));
  const setCode = (change: Partial<CodedDraft>) => setCoded((held) => ({ ...held, ...change }));
  const isTyped = [coded.category, coded.priority, coded.place, coded.territory, ...Object.values(personal)].some((text) => text.trim() !== "");
  const discard = () => {
    clearDraft();
    void navigate("/desk");
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (missing) return;
    sending.send<{ id: string }>("POST", "/api/incidents", toRequest(coded, personal, place), ({ id }) => {
      clearDraft();
      void navigate(`/desk/${id}`);
    });
  };

  return (
    <div className="new-incident">
      <form className="panel" onSubmit={submit} onKeyDown={(event) => event.key === "Escape" && void navigate("/desk")} aria-labelledby="new-title">
        <header className="panel-head">
          <h1 id="new-title">{t("new.title")}</h1>
        </header>
        <div className="scroll pad">
          <div className="field-pair">
            <CodeSelect
              label={t("field.category")} value={coded.category} problem={refused.get("category")} autoFocus onChange={(category) => setCode({ category })}
              choices={codes.categories.map(({ code }) => [code, names.category(code)])}
            />
            <CodeSelect
              label={t("field.priority")} value={coded.priority} problem={refused.get("priority")} onChange={(priority) => setCode({ priority })}
              choices={codes.priorities.map(({ code }) => [code, names.priority(code)])}
            />
          </div>
          <div className="field-pair">
            <Field label={t("field.coordinates")} problem={placeIsWrong ? t("field.coordinates_wrong") : refused.get("place")} hint={t("new.place_hint")}>
              <input className="num" value={coded.place} onChange={(event) => setCode({ place: event.target.value })} aria-invalid={placeIsWrong} />
            </Field>
            <CodeSelect
              label={t("field.channel")} value={coded.channel} problem={refused.get("channel")} onChange={(channel) => setCode({ channel })}
              choices={codes.channels.map(({ code }) => [code, names.channel(code)])}
            />
          </div>
          {!place && <TerritoryPicker value={coded.territory} onChange={(territory) => setCode({ territory })} />}
          <PrivateFields draft={personal} refused={refused} onChange={(change) => setPersonal((held) => ({ ...held, ...change }))} />
          {sending.attempt > 0 && <p className="notice">{t("sending.retrying", { n: sending.attempt })}</p>}
          {sending.error !== null && <Problem error={sending.error} onRetry={sending.retry} />}
        </div>
        <footer className="panel-foot">
          {missing && <span className="quiet small">{t("new.missing")}</span>}
          <span className="spacer" />
          <button type="button" className="button" onClick={() => (isTyped ? setAskDiscard(true) : discard())}>
            {t("new.discard")}
          </button>
          <button type="button" className="button" onClick={() => void navigate("/desk")}>
            {t("new.later")} <Kbd>Esc</Kbd>
          </button>
          <button type="submit" className="button is-primary" disabled={missing || sending.busy}>
            {sending.busy ? t("sending.busy") : t("new.submit")}
          </button>
        </footer>
      </form>
      <section className="panel pick-map" aria-label={t("new.map")}>
        <p className="map-note is-top">{t("new.map")}</p>
        <Suspense fallback={null}>
          <PickMap parent={territories.home()} pick={place} onPick={({ lon, lat }) => setCode({ place: f.coordinates(lon, lat) })} />
        </Suspense>
      </section>
      {askDiscard && (
        <Dialog title={t("new.discard_ask")} onClose={() => setAskDiscard(false)}>
          <p>{t("new.discard_lost")}</p>
          <footer className="dialog-foot">
            <button type="button" className="button" onClick={() => setAskDiscard(false)}>
              {t("action.cancel")}
            </button>
            <button type="button" className="button is-primary" onClick={discard}>
              {t("new.discard")}
            </button>
          </footer>
        </Dialog>
      )}
    </div>
  );
}

function PrivateFields(props: { draft: PrivateDraft; refused: Map<string, string>; onChange: (change: Partial<PrivateDraft>) => void }) {
  const { draft, refused, onChange } = props;
  const { t } = useWords();
  return (
    <fieldset className="group">
      <legend>{t("sealed.title")}</legend>
      <div className="field-pair">
        <Field label={t("sealed.caller_phone")} problem={refused.get("caller.phone")}>
          <input type="tel" className="num" value={draft.caller_phone} maxLength={40} autoComplete="off" onChange={(event) => onChange({ caller_phone: event.target.value })} />
        </Field>
        <Field label={t("sealed.caller_name")} problem={refused.get("caller.name")}>
          <input value={draft.caller_name} maxLength={200} autoComplete="off" dir="auto" onChange={(event) => onChange({ caller_name: event.target.value })} />
        </Field>
      </div>
      <Field label={t("sealed.address")} problem={refused.get("address")}>
        <input value={draft.address} maxLength={400} autoComplete="off" dir="auto" onChange={(event) => onChange({ address: event.target.value })} />
      </Field>
      <Field label={t("new.note")} problem={refused.get("note")}>
        <textarea rows={3} value={draft.note} maxLength={4000} dir="auto" onChange={(event) => onChange({ note: event.target.value })} />
      </Field>
      <p className="quiet small">{t("new.private_hint")}</p>
    </fieldset>
  );
}

function toRequest(coded: CodedDraft, personal: PrivateDraft, place: NewIncident["place"]): NewIncident {
  const [name, phone] = [personal.caller_name.trim(), personal.caller_phone.trim()];
  return {
    category: coded.category, priority: coded.priority, channel: coded.channel, place,
    confidence: place ? "exact" : "unknown", covert: false, entered_via: "console",
    ...(!place && coded.territory ? { territory_id: Number(coded.territory) } : {}),
    ...(name || phone ? { caller: { ...(name ? { name } : {}), ...(phone ? { phone } : {}) } } : {}),
    ...(personal.address.trim() ? { address: personal.address.trim() } : {}),
    ...(personal.note.trim() ? { note: personal.note.trim() } : {}),
  };
}

/** Closing the tab would lose what the caller said: the browser asks first. */
function useWarnBeforeLeaving(): void {
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      if (hasPrivateDraft()) event.preventDefault();
    };
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, []);
}
