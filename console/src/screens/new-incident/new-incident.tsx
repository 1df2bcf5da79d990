/**
 * The call form: place, category, priority, likely duplicates, then who called; by keyboard alone. Each field is saved as it is typed; Esc
 * loses nothing. At priority 1 the incident is opened as soon as it can be, and the rest of the form goes to it.
 */
import { useEffect, useRef } from "react";
import { useNavigate } from "react-router";
import type { NearbyIncident, Opened } from "../../api/calls";
import type { Place } from "../../api/types";
import { useNames, useSession, useWords } from "../../context";
import { reachOf } from "../../map/features";
import { later } from "../../ui/later";
import { fromPoint, withSurroundings } from "../../ui/place-choice";
import { PlaceField, type ChosenPlace } from "../../ui/place-field";
import { Kbd } from "../../ui/marks";
import { Problem, problemFields, withLocalTimes } from "../../ui/problem";
import { toIso } from "../../ui/time-text";
import { useRead } from "../../ui/use-read";
import { CallerFields, ChannelFields } from "./caller-fields";
import { CategoryField } from "./category-field";
import { draft } from "./draft";
import { Duplicates } from "./duplicates";
import { isEmpty, isReady, type Fields } from "./fields";
import { focusOn } from "./focus-on";
import { FormHead } from "./form-head";
import { useFormKeys } from "./keys";
import { Guide, Hazards, History } from "./knowledge";
import { PriorityField } from "./priority-field";
import { TerritoryPicker } from "./territory-picker";
import { useDraft } from "./use-draft";
import { useOpening } from "./use-opening";

const PickMap = later(() => import("../../map/map-view").then((part) => part.MapView));
const EARLY = "1";

export function NewIncidentScreen() {
  const { territories, codes } = useSession();
  const { t, f, name } = useWords();
  const names = useNames();
  const navigate = useNavigate();
  const { id, fields, saved, isKept, others } = useDraft();
  const opening = useOpening();
  const chosen = fields.place.chosen;
  const proposedOf = (category: string) => codes.categories.find(({ code }) => code === category)?.priority ?? "";
  const proposed = proposedOf(fields.category);
  const isOpened = fields.incident_id !== "";
  const occurred_at = fields.entered_via === "console" ? null : toIso({ day: fields.occurred_day, clock: fields.occurred_clock });
  const lacksReason = proposed !== "" && fields.priority !== proposed && fields.priority_reason.trim() === "";
  const lacksTime = fields.entered_via !== "console" && occurred_at === null;
  const canOpen = !isOpened && isReady(fields) && !lacksReason && !lacksTime && !opening.sending.busy;
  const nearby = useRead<{ items: NearbyIncident[] }>(nearbyPath(chosen, fields.category, occurred_at, isOpened));
  const likely = nearby.data?.items ?? [];
  const refused = new Map(problemFields(opening.sending.error).map(({ field, message }) => [field, withLocalTimes(message, f)]));
  const change = (some: Partial<Fields>) => draft.set(some);
  const purpose = purposeOf(fields, id, isKept, chosen);

  const leave = (to: string) => void navigate(to);
  const gone = (opened: Opened, to: "card" | "units" | "form") => {
    if (opened.passed_to !== null) {
      draft.consumed();
      passedOn.current = t("call.passed_to", { number: opened.number, territory: name(opened.passed_to.names, String(opened.passed_to.id)) });
      focusOn(".place-field input");
      return;
    }
    if (to === "form") {
      draft.goOn(opened.id, opened.number);
      focusOn("#call-note");
      return;
    }
    draft.consumed();
    leave(to === "units" ? `/desk/${opened.id}#recommend` : `/desk/${opened.id}`);
  };
  const passedOn = useRef<string | null>(null);
  const open = (to: "card" | "units" | "form") => {
    if (canOpen) opening.open(fields, proposed, occurred_at, (opened) => gone(opened, to));
  };
  const finish = (to: string) =>
    opening.finish(fields, () => {
      draft.discard();
      leave(to);
    });
  const toUnits = () => (isOpened ? finish(`/desk/${fields.incident_id}#recommend`) : open("units"));
  const join = (incidentId: string) => {
    if (!opening.sending.busy && !lacksTime) opening.join(incidentId, fields, proposed, occurred_at, (joined) => (draft.consumed(), leave(`/desk/${joined}`)));
  };
  const afterPriority = () => {
    if (fields.priority === EARLY && canOpen && !nearby.loading && likely.length === 0) open("form");
    else focusOn("#call-duplicates");
  };
  const markCovert = () => {
    const covert = !fields.covert;
    change({ covert, ...(covert && !fields.safe_contact.includes("no_call") ? { safe_contact: [...fields.safe_contact, "no_call"] } : {}) });
  };
  useFormKeys({ F4: toUnits, "Alt+KeyS": markCovert });
  useEffect(() => {
    // A number of ours that was passed on stands until the next call is begun.
    if (!isEmpty(fields)) passedOn.current = null;
  }, [fields]);

  const placed = (next: ChosenPlace | null) => {
    const isByKey = document.activeElement?.closest(".place-field") !== null && fields.place.chosen === null && next !== null;
    change({ place: { chosen: next, text: next?.full_text ?? draft.get().fields.place.text } });
    if (isByKey) focusOn("#call-category");
  };
  const pick = ({ lon, lat }: Place) => {
    const point = fromPoint({ lon, lat }, "map", f.coordinates(lon, lat));
    placed(point);
    void withSurroundings(point, name).then((known) => draft.get().fields.place.chosen?.place === point.place && placed(known));
  };
  return (
    <div className="new-incident">
      <form
        className="panel call-form" aria-labelledby="new-title"
        onSubmit={(event) => {
          event.preventDefault();
          if (isOpened) finish(`/desk/${fields.incident_id}`);
          else open("card");
        }}
        onKeyDown={(event) => event.key === "Escape" && leave(isOpened ? `/desk/${fields.incident_id}` : "/desk")}
      >
        <FormHead saved={saved} others={others} fields={fields} />
        <div className="scroll pad">
          {passedOn.current !== null && <p className="notice is-warning" role="status">{passedOn.current}</p>}
          {isOpened && <p className="notice" role="status">{t("call.is_open", { number: fields.incident_number, key: "F4" })}</p>}
          {fields.covert && <p className="notice is-warning">{t("call.covert_on")}</p>}
          {isOpened ? (
            <p className="call-facts">{[chosen?.full_text ?? fields.place.text, names.category(fields.category), names.priority(fields.priority)].filter(Boolean).join(" · ")}</p>
          ) : (
            <>
              <PlaceField
                key={id} value={chosen} initialText={fields.place.text} autoFocus problem={refused.get("place")} onChange={placed}
                onText={(text) => text !== draft.get().fields.place.text && change({ place: { chosen: draft.get().fields.place.chosen, text } })}
              />
              {chosen === null && <TerritoryPicker value={fields.territory} onChange={(territory) => change({ territory })} />}
              <CategoryField
                value={fields.category} problem={refused.get("category")}
                onChoose={(category) => {
                  const wasProposed = fields.priority === "" || fields.priority === proposed;
                  change({ category, ...(wasProposed ? { priority: proposedOf(category), priority_reason: "" } : {}) });
                  focusOn(".priorities input:checked", ".priorities input");
                }}
              />
              <PriorityField
                value={fields.priority} proposed={proposed} reason={fields.priority_reason} disabled={fields.category === ""}
                onChoose={(priority) => change({ priority })} onReason={(priority_reason) => change({ priority_reason })} onNext={afterPriority}
              />
              <Duplicates
                items={likely} isKnown={chosen !== null && fields.category !== ""} loading={nearby.loading} failed={nearby.error !== null}
                busy={opening.sending.busy || lacksTime} canOpen={canOpen} onJoin={join} onOpen={() => open(fields.priority === EARLY ? "form" : "card")}
              />
            </>
          )}
          <CallerFields fields={fields} refused={refused} onChange={change} onCovert={markCovert} />
          {!isOpened && <ChannelFields fields={fields} refused={refused} onChange={change} />}
          {opening.sending.attempt > 0 && <p className="notice">{t("sending.retrying", { n: opening.sending.attempt })}</p>}
          {opening.sending.error !== null && <Problem error={opening.sending.error} onRetry={opening.sending.retry} />}
          {opening.finishing.error !== null && <Problem error={opening.finishing.error} onRetry={() => finish(`/desk/${fields.incident_id}`)} />}
        </div>
        <footer className="panel-foot">
          <span className="quiet small">{isOpened ? "" : whatIsMissing(fields, lacksReason, lacksTime).map((key) => t(key)).join(" ")}</span>
          <span className="spacer" />
          <button type="button" className="button" onClick={() => leave(isOpened ? `/desk/${fields.incident_id}` : "/desk")}>
            {t("new.later")} <Kbd>Esc</Kbd>
          </button>
          <button type="submit" className="button" disabled={isOpened ? opening.finishing.busy : !canOpen}>
            {opening.sending.busy || opening.finishing.busy ? t("sending.busy") : isOpened ? t("call.finish") : t("new.submit")} <Kbd>Enter</Kbd>
          </button>
          <button type="button" className="button is-primary" disabled={isOpened ? opening.finishing.busy : !canOpen} onClick={toUnits}>
            {t("call.units")} <Kbd>F4</Kbd>
          </button>
        </footer>
      </form>
      <aside className="panel call-known" aria-label={t("call.known")}>
        <div className="scroll pad">
          <Guide category={fields.category} covert={fields.covert} />
          <Hazards purpose={purpose} />
          <History purpose={purpose} />
        </div>
      </aside>
      <section className="panel pick-map" aria-label={t("new.map")}>
        <p className="map-note is-top">{t("new.map")}</p>
        <PickMap parent={territories.home()} occasion={id} pick={chosen?.place ?? null} pickReach={reachOf(chosen)} onPick={isOpened ? () => undefined : pick} />
      </section>
    </div>
  );
}

/** What is entered late is compared with what came in at its own time, not with what comes in now. */
function nearbyPath(chosen: ChosenPlace | null, category: string, occurred_at: string | null, isOpened: boolean): string | null {
  if (chosen === null || category === "" || isOpened) return null;
  const query = new URLSearchParams({ lon: String(chosen.place.lon), lat: String(chosen.place.lat), category, accuracy_m: String(chosen.accuracy_m ?? 0) });
  if (occurred_at !== null) query.set("received_at", occurred_at);
  return `/api/incidents/nearby?${query.toString()}`;
}

function purposeOf(fields: Fields, draftId: string, isKept: boolean, chosen: ChosenPlace | null): string | null {
  if (fields.incident_id !== "") return `incident=${fields.incident_id}`;
  if (chosen === null || !isKept) return null;
  return new URLSearchParams({ draft: draftId, lon: String(chosen.place.lon), lat: String(chosen.place.lat), accuracy_m: String(chosen.accuracy_m ?? 0) }).toString();
}

function whatIsMissing(fields: Fields, lacksReason: boolean, lacksTime: boolean) {
  return [
    ...(fields.place.chosen === null && fields.territory === "" ? (["call.lacks_place"] as const) : []),
    ...(fields.category === "" ? (["call.lacks_category"] as const) : []),
    ...(fields.category !== "" && lacksReason ? (["call.lacks_reason"] as const) : []),
    ...(lacksTime ? (["call.lacks_time"] as const) : []),
  ];
}
