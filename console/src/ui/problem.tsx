/** Says what went wrong and what to do about it. The server's own words are shown too, as text. */
import { ApiError, Unreachable } from "../api/client";
import { useWords } from "../context";
import { en } from "../i18n/en";
import type { Formats } from "../i18n/format";
import type { Key } from "../i18n/messages";
import { useEventName } from "./event-name";

interface Conflict {
  by?: string | { name?: string };
  at?: string;
  what?: string;
}

const BY_STATUS: Record<number, Key> = {
  403: "problem.forbidden",
  404: "problem.not_found",
  410: "problem.not_found",
  413: "problem.too_large",
  429: "problem.too_many",
};

/** Fields that the forms call by a word of another part. */
const FIELD_WORDS: Readonly<Record<string, Key>> = {
  place: "facts.place", territory_id: "facts.territory", outcome: "close.outcome", stage: "stages.stage", status: "units.status", address: "sealed.address",
  "caller.name": "sealed.caller_name", "caller.phone": "sealed.caller_phone",
};

function fieldKey(field: string): Key | null {
  const key = `field.${field}`;
  return key in en ? (key as Key) : (FIELD_WORDS[field] ?? null);
}

const UTC_TIME = /\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|\+00:00)/g;

/** The server's words, with its UTC times as the desk writes times. */
export function withLocalTimes(text: string, f: Pick<Formats, "full">): string {
  return text.replace(UTC_TIME, (at) => (Number.isNaN(Date.parse(at)) ? at : f.full(at)));
}

/** Our own words for a refusal whose reason is a code; the server's are in English. */
function ownWords(error: unknown, f: Pick<Formats, "full">): { key: Key; values: Record<string, string> } | null {
  const details = error instanceof ApiError ? (error.body.details ?? {}) : {};
  const key = `problem.reason.${String(details.reason ?? details.rule)}`;
  if (!(key in en)) return null;
  return { key: key as Key, values: typeof details.renewable_from === "string" ? { day: f.full(details.renewable_from, "day") } : {} };
}

export function Problem({ error, onReload, onRetry }: { error: unknown; onReload?: () => void; onRetry?: () => void }) {
  const { t, f } = useWords();
  const conflict = error instanceof ApiError && error.status === 409 ? ((error.body.details ?? {}) as Conflict) : null;
  const isVersion = error instanceof ApiError && error.code === "version_conflict";
  const own = ownWords(error, f);
  return (
    <div className="problem" role="alert">
      {own ? <p>{t(own.key, own.values)}</p> : conflict && isVersion ? <ConflictText conflict={conflict} /> : conflict ? <p>{t("problem.not_now")} <bdi>{withLocalTimes((error as ApiError).body.message, f)}</bdi></p> : <ProblemText error={error} />}
      <div className="problem-actions">
        {conflict && onReload && (
          <button type="button" className="button" onClick={onReload}>
            {t("problem.reload")}
          </button>
        )}
        {error instanceof Unreachable && onRetry && (
          <button type="button" className="button" onClick={onRetry}>
            {t("problem.try_again")}
          </button>
        )}
      </div>
    </div>
  );
}

function ConflictText({ conflict }: { conflict: Conflict }) {
  const { t, f } = useWords();
  const eventName = useEventName();
  const by = typeof conflict.by === "string" ? conflict.by : conflict.by?.name;
  if (!by || !conflict.at) return <p>{t("problem.conflict")}</p>;
  const what = conflict.what ? eventName(conflict.what) : t("problem.conflict_change");
  return <p>{t("problem.conflict_by", { by, at: f.full(conflict.at), what })}</p>;
}

function ProblemText({ error }: { error: unknown }) {
  const { t, f } = useWords();
  if (error instanceof Unreachable) return <p>{t("problem.unreachable")}</p>;
  if (!(error instanceof ApiError)) return <p>{t("problem.unexpected")}</p>;
  const known = BY_STATUS[error.status];
  const fields = problemFields(error);
  return (
    <>
      <p>{known ? t(known) : error.status >= 500 ? t("problem.server") : error.code === "stage_order" ? t("problem.stage_order") : error.status === 422 ? t("problem.refused") : t("problem.other")}</p>
      {error.status < 500 && error.body.message && fields.length === 0 && (
        <p className="quiet" dir="auto">
          {withLocalTimes(error.body.message, f)}
        </p>
      )}
      {fields.length > 0 && (
        <ul>
          {fields.map(({ field, message }) => {
            const key = fieldKey(field);
            return (
              <li key={field + message}>
                <b dir="auto">{key ? t(key) : field}</b>: <bdi>{withLocalTimes(message, f)}</bdi>
              </li>
            );
          })}
        </ul>
      )}
      {error.body.request_id && <p className="quiet num">{t("problem.request", { id: error.body.request_id })}</p>}
    </>
  );
}

export interface FieldProblem {
  field: string;
  message: string;
}

/** The fields a refusal names: one, or a list of them. */
export function problemFields(error: unknown): FieldProblem[] {
  if (!(error instanceof ApiError) || !error.body.details) return [];
  const details = error.body.details;
  const list = Array.isArray(details.problems) ? details.problems : [details];
  return list.flatMap((entry: unknown) => {
    const one = entry as { field?: unknown; problem?: unknown };
    if (typeof one?.field !== "string") return [];
    return [{ field: one.field, message: typeof one.problem === "string" ? one.problem : error.body.message }];
  });
}
