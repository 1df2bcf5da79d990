/**
 * One field for a place, by keyboard alone: a street and house, two streets, a landmark, a neighbourhood or coordinates. Enter takes the
 * first hit, arrows another; Tab leaves what is typed as it is. How sure the location is stands below in words.
 */
import { use, useEffect, useRef, useState } from "react";
import { Button, ComboBox, ComboBoxStateContext, Input, Label, ListBox, ListBoxItem, Popover } from "react-aria-components";
import type { Place, PlaceHit } from "../api/types";
import { useSession, useWords } from "../context";
import { parseCoordinates, parsePhonePosition } from "./coordinates";
import { fromHit, fromPoint, heardHit, lacksHouse, numberIn, typedHit, withSurroundings, type ChosenPlace } from "./place-choice";
import { ConfidenceMark, PlaceKindMark } from "./place-marks";
import { isLongEnough, usePlaceSearch } from "./use-place-search";

export type { ChosenPlace } from "./place-choice";

export interface PlaceFieldProps {
  value: ChosenPlace | null;
  /** Null when the text no longer says the chosen place. Called twice for coordinates and a phone: at once, and when the surroundings are known. */
  onChange: (chosen: ChosenPlace | null) => void;
  /** What stands in the field; an address that no gazetteer knows is kept by the form (sealed). */
  onText?: (text: string) => void;
  /** What stands in the field at the start, when nothing is chosen. */
  initialText?: string;
  label?: string;
  autoFocus?: boolean;
  /** What is near it comes first; without, one's own territory. */
  near?: Place | null;
  /** Where the caller's phone says it is: offered as a button. */
  callerPhone?: { place: Place; accuracy_m: number | null } | null;
  problem?: string | undefined;
}

const keyOf = (hit: PlaceHit, at: number) => (hit.id === null ? `at-${at}` : String(hit.id));

export function PlaceField(props: PlaceFieldProps) {
  const { value, onChange, onText, callerPhone } = props;
  const { t, f, name } = useWords();
  const [text, setText] = useState(value?.full_text ?? props.initialText ?? "");
  const [isTyping, setTyping] = useState(false);
  const heard = isTyping ? parsePhonePosition(text) : null;
  const search = usePlaceSearch(isTyping && heard === null ? text : null, props.near ?? null);
  const spoken = search.failed && /\d[.,]\d/.test(text) ? parseCoordinates(text) : null; // "12 5" may as well be a house.
  const hits = heard !== null ? [heardHit(heard)] : spoken !== null ? [typedHit(spoken)] : search.hits;
  /** The last value that came from this field itself. */
  const own = useRef(value);
  useEffect(() => {
    // Chosen elsewhere, as by a click on the map: it is written into the field, whatever was being typed.
    if (value === null || value === own.current) return;
    own.current = value;
    setTyping(false);
    setText(value.full_text);
  }, [value]);

  const write = (next: string) => {
    setText(next);
    onText?.(next);
  };
  const tell = (chosen: ChosenPlace | null) => {
    own.current = chosen;
    onChange(chosen);
  };
  const choose = (chosen: ChosenPlace) => {
    setTyping(false);
    write(chosen.full_text);
    tell(chosen);
    if (chosen.source === "gazetteer") return;
    void withSurroundings(chosen, name).then((known) => {
      // Somebody may have typed on, or chosen another place meanwhile.
      if (own.current === chosen) tell(known);
    });
  };
  const chooseHit = (hit: PlaceHit | undefined) => hit && choose(fromHit(hit, text, name, f.coordinates));
  const type = (next: string) => {
    if (next === text) return;
    write(next);
    setTyping(true);
    if (value !== null) tell(null);
  };
  const isFresh = heard !== null || spoken !== null || search.answered === text.trim();
  // Enter may be faster than the answer: then it takes the first hit of the answer, unless somebody types on.
  const [wanted, setWanted] = useState<string | null>(null);
  useEffect(() => {
    if (wanted === null || !isFresh) return;
    setWanted(null);
    if (wanted === text) chooseHit(hits[0]);
  }, [wanted, isFresh]);
  const isAsking = isTyping && isLongEnough(text);
  return (
    <div className="place-field">
      <ComboBox
        className="field" aria-label={props.label ?? t("place.label")} items={hits.map((hit, at) => ({ hit, id: keyOf(hit, at) }))}
        inputValue={text} selectedKey={null} allowsCustomValue allowsEmptyCollection menuTrigger="manual" onInputChange={type}
        onSelectionChange={(key) => {
          if (key !== null) chooseHit(hits.find((hit, at) => keyOf(hit, at) === key));
        }}
      >
        <Label>{props.label ?? t("place.label")}</Label>
        <PlaceInput
          autoFocus={props.autoFocus ?? false} isWrong={Boolean(props.problem)} isAsking={isAsking} text={text}
          onAsk={() => setTyping(true)} onFirst={() => (isFresh ? chooseHit(hits[0]) : setWanted(text))}
        />
        <Popover className="popover is-list" placement="bottom start">
          <ListBox className="menu place-menu" renderEmptyState={() => <Emptiness search={search} isFresh={isFresh} />}>
            {({ hit, id }: { hit: PlaceHit; id: string }) => <Hit id={id} hit={hit} typed={text} isLacking={lacksHouse(hit, hits, text)} />}
          </ListBox>
        </Popover>
      </ComboBox>
      {props.problem ? <small className="wrong" dir="auto">{props.problem}</small> : value === null && <small className="quiet">{t("place.hint")}</small>}
      {value !== null && <Chosen chosen={value} onClear={() => {
        write("");
        setTyping(false);
        tell(null);
      }} />}
      {callerPhone && value?.source !== "caller_phone" && (
        <button type="button" className="button is-small" onClick={() => choose(phone(callerPhone, f.coordinates))}>
          {t("place.phone", { distance: callerPhone.accuracy_m === null ? "?" : f.reach(callerPhone.accuracy_m) })}
        </button>
      )}
    </div>
  );
}

function phone(caller: { place: Place; accuracy_m: number | null }, coordinates: (lon: number, lat: number) => string): ChosenPlace {
  return fromPoint(caller.place, "caller_phone", coordinates(caller.place.lon, caller.place.lat), caller.accuracy_m);
}

interface PlaceInputProps {
  autoFocus: boolean;
  isWrong: boolean;
  isAsking: boolean;
  text: string;
  onAsk: () => void;
  onFirst: () => void;
}

/** Enter takes the first hit when no other is marked; Esc closes the list and nothing else. The list is open only while something is asked. */
function PlaceInput({ autoFocus, isWrong, isAsking, text, onAsk, onFirst }: PlaceInputProps) {
  const list = use(ComboBoxStateContext);
  useEffect(() => {
    if (isAsking) list?.open(null, "manual");
    else list?.setOpen(false);
  }, [isAsking, text]);
  return (
    <Input
      autoComplete="off" dir="auto" maxLength={200} spellCheck={false} autoFocus={autoFocus} aria-invalid={isWrong}
      onKeyDownCapture={(event) => {
        if (!list?.isOpen) {
          if (event.key === "ArrowDown" && isLongEnough(text)) onAsk();
          return;
        }
        if (event.key === "Escape") {
          event.stopPropagation();
          list.setOpen(false);
        } else if (event.key === "Enter" && list.selectionManager.focusedKey === null) {
          event.preventDefault();
          event.stopPropagation();
          onFirst();
        }
      }}
    />
  );
}

function Emptiness({ search, isFresh }: { search: { busy: boolean; failed: boolean }; isFresh: boolean }) {
  const { t } = useWords();
  if (search.failed) return <p className="wrong pad">{t("place.failed")}</p>;
  if (search.busy) return <p className="quiet pad">{t("place.searching")}</p>;
  return <p className="quiet pad">{isFresh ? t("place.none") : t("place.hint")}</p>;
}

function Hit({ id, hit, typed, isLacking }: { id: string; hit: PlaceHit; typed: string; isLacking: boolean }) {
  const { t, f, name } = useWords();
  const chosen = fromHit(hit, typed, name, f.coordinates);
  const where = useTerritoryText(hit.territory_id);
  return (
    <ListBoxItem id={id} textValue={chosen.full_text} className="menu-item place-hit">
      <bdi className="place-name">{hit.kind === "coordinates" ? t("place.coordinates", { at: chosen.full_text }) : chosen.full_text}</bdi>
      <span className="place-detail">
        <PlaceKindMark kind={hit.kind} />
        {hit.confidence !== "phone" && <bdi>{where}</bdi>}
        {hit.confidence === "phone" && <ConfidenceMark confidence="phone" accuracy_m={hit.accuracy_m} />}
        {hit.matched === "similar" && <em>{t("place.similar")}</em>}
        {isLacking && <em className="place-warning">{t("place.street_only", { house: numberIn(typed) })}</em>}
      </span>
    </ListBoxItem>
  );
}

function Chosen({ chosen, onClear }: { chosen: ChosenPlace; onClear: () => void }) {
  const { t } = useWords();
  const where = useTerritoryText(chosen.territory_id);
  return (
    <p className="place-chosen" role="status">
      <ConfidenceMark confidence={chosen.confidence} accuracy_m={chosen.accuracy_m} />
      {chosen.source !== "gazetteer" && chosen.label !== "" && <bdi>{t("place.near", { name: chosen.label })}</bdi>}
      {(chosen.territory_id !== null || chosen.source === "gazetteer") && <bdi className="quiet">{where}</bdi>}
      <Button className="icon-button" aria-label={t("place.clear")} onPress={onClear}>
        ×
      </Button>
    </p>
  );
}

/** "Chilonzor, Tashkent": the two innermost territories, or that it lies in none that one sees. */
function useTerritoryText(id: number | null): string {
  const { territories } = useSession();
  const { t, name } = useWords();
  if (id === null) return t("place.nowhere");
  const path = territories.path(id);
  if (path.length === 0) return t("place.elsewhere");
  return path.slice(1).slice(-2).reverse().map((one) => name(one.names, one.code)).join(", ") || name(path[0]!.names, path[0]!.code);
}
