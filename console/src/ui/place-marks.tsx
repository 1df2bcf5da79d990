/** What kind of place, and how sure it is: each a shape beside a word, never a colour alone. */
import type { Confidence, PlaceHit } from "../api/types";
import { useWords } from "../context";

const KIND_SIGNS: Record<PlaceHit["kind"], string> = {
  street: "M2 13 6 3M14 13 10 3M8 3v2M8 7v2M8 11v2",
  crossing: "M8 1v14M1 8h14",
  house: "M2 8 8 2l6 6M4 7v7h8V7",
  landmark: "M8 2l1.8 3.9 4.2.5-3.1 2.9.8 4.2L8 11.4l-3.7 2.1.8-4.2L2 6.4l4.2-.5Z",
  neighbourhood: "M2 3h5v4H2ZM9 3h5v4H9ZM2 9h5v4H2ZM9 9h5v4H9Z",
  settlement: "M1 14V8l4-3 4 3v6M9 14V5l3-2 3 2v9Z",
  other: "M8 3a5 5 0 1 0 .1 0Z",
  coordinates: "M8 1v4M8 11v4M1 8h4M11 8h4M8 6.5a1.5 1.5 0 1 0 .1 0Z",
};

const CONFIDENCE_SIGNS: Record<Confidence, string> = {
  exact: "M8 2.5a5.5 5.5 0 1 0 .1 0ZM8 7a1 1 0 1 0 .1 0Z",
  street: "M2 14 14 2M1 10l5 5M10 1l5 5",
  area: "M8 1 15 6l-3 8H4L1 6Z",
  phone: "M5 1h6v14H5ZM7 13h2",
  unknown: "M5 5.5a3 3 0 1 1 4 2.8c-.7.3-1 .8-1 1.7M8 13v.1",
};

function Sign({ path }: { path: string }) {
  return (
    <svg className="place-sign" viewBox="0 0 16 16" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}

export function PlaceKindMark({ kind }: { kind: PlaceHit["kind"] }) {
  const { t } = useWords();
  return (
    <span className="place-kind">
      <Sign path={KIND_SIGNS[kind] ?? KIND_SIGNS.other} />
      <span>{t(`place.kind.${kind}`)}</span>
    </span>
  );
}

/** How sure a location is and how far off it may be, in words. */
export function ConfidenceMark({ confidence, accuracy_m }: { confidence: Confidence; accuracy_m: number | null }) {
  const { t, f } = useWords();
  return (
    <span className={`place-confidence confidence-${confidence}`}>
      <Sign path={CONFIDENCE_SIGNS[confidence]} />
      <span>{t(`place.confidence.${confidence}`)}</span>
      {accuracy_m !== null && <span className="num">{t("place.within", { distance: f.reach(accuracy_m) })}</span>}
    </span>
  );
}
