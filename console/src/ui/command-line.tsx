/** The command line of the top bar: "/" leads here, a line below says what Enter will do before it is done, arrow up brings back what was typed. */
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { useNavigate } from "react-router";
import { Mark } from "../access/mark";
import { parse } from "../commands/parse";
import { resolve, type Plan, type Trouble } from "../commands/resolve";
import { EXAMPLES } from "../commands/words";
import { run, type Findings, type LastAct } from "../commands/run";
import { read } from "../api/client";
import { may } from "../api/permissions";
import { useLive, useNames, useSession, useWords, type NameBook } from "../context";
import type { Formats } from "../i18n/format";
import type { Translate } from "../i18n/language";
import { session } from "../session";
import { useKeys } from "./keys";
import { Kbd } from "./marks";
import { Problem } from "./problem";

const MOST_REMEMBERED = 50;
/** In memory only: a line may hold what somebody said. */
const remembered: string[] = [];
session.whenLeaving(() => remembered.splice(0));

export function CommandLine() {
  const { me } = useSession();
  const words = useWords();
  const { t, language } = words;
  const names = useNames();
  const navigate = useNavigate();
  const input = useRef<HTMLInputElement>(null);
  const [line, setLine] = useState("");
  const [isOpen, setIsOpen] = useState(false);
  const [back, setBack] = useState(0);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [done, setDone] = useState<string | null>(null);
  const [isTooSoon, setTooSoon] = useState(false);
  const [found, setFound] = useState<Findings | null>(null);
  const [last, setLast] = useState<LastAct | null | undefined>(undefined);
  const seq = useLive("incidents", (store) => store.seq);
  const isOffline = useLive("link", (store) => store.link.kind === "offline");
  useKeys({ Slash: () => input.current?.focus() });

  const resolved = useMemo(
    () => resolve(parse(line), { incidents: session.store.incidents.values(), units: session.store.units.values() }),
    // `seq` resolves the same line again against the newer picture.
    [line, seq],
  );
  const plan = "plan" in resolved ? resolved.plan : null;
  const asksUndo = plan?.kind === "undo" && may(me, "dispatch");
  useEffect(() => {
    if (!asksUndo) return;
    setLast(undefined);
    const leaving = new AbortController();
    read<{ act: LastAct | null }>("/api/undo", leaving.signal).then(
      ({ act }) => setLast(act),
      (failed: unknown) => !leaving.signal.aborted && setError(failed),
    );
    return () => leaving.abort();
  }, [asksUndo, seq]);

  const putAway = () => {
    setError(null);
    setDone(null);
    setFound(null);
    setTooSoon(false);
  };
  // What was said in one language does not stay for the reader of another.
  useEffect(putAway, [language]);
  const type = (text: string) => {
    setLine(text);
    putAway();
  };
  const enter = async () => {
    // A second line while the first is under way is not lost without a word.
    if (busy) return setTooSoon(line !== "");
    if (plan === null || (isOffline && !["new", "open"].includes(plan.kind)) || (plan.kind === "undo" && !last)) return;
    remembered.unshift(line);
    remembered.splice(MOST_REMEMBERED);
    setBack(0);
    setBusy(true);
    putAway();
    // Gone at once: the picture may show the act before its answer is here, and whoever sees it types the next line.
    setLine("");
    const giveBack = () => setLine((held) => (held === "" ? line : held));
    try {
      const said = preview(plan, last, t, names, words.f);
      const outcome = await run(plan, last ?? null, navigate, t("undo.reason"), me.account.id);
      if (outcome) {
        giveBack();
        setFound(outcome);
      } else setDone(plan.kind === "new" || plan.kind === "open" ? null : said);
    } catch (failed) {
      giveBack();
      setError(failed);
    } finally {
      setBusy(false);
    }
  };
  const press = (event: KeyboardEvent<HTMLInputElement>) => {
    // The next key puts the last answer away; Tab leads to what was found or to a way out of what went wrong.
    if (!["Enter", "Tab", "Shift"].includes(event.key)) putAway();
    if (event.key === "Enter") void enter();
    else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      const next = Math.max(0, Math.min(remembered.length, back + (event.key === "ArrowUp" ? 1 : -1)));
      setBack(next);
      type(next === 0 ? "" : remembered[next - 1]!);
    } else if (event.key === "Escape") event.currentTarget.blur();
    else return;
    event.preventDefault();
  };
  const leave = () => {
    setIsOpen(false);
    putAway();
  };
  // What failed after its sender had gone on to something else is said all the same.
  const isShown = error !== null || (isOpen && (line !== "" || busy || done !== null));
  return (
    <div className="command" onFocus={() => setIsOpen(true)} onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && leave()}>
      <input
        ref={input} id="command-line" value={line} maxLength={500} placeholder={t("command.placeholder", { example: EXAMPLES.assign })} aria-label={t("keys.command")} aria-describedby="command-says" autoComplete="off"
        spellCheck={false} dir="auto" onChange={(event) => type(event.target.value)} onKeyDown={press}
      />
      <Kbd>/</Kbd>
      <div id="command-says" className="command-says" role="status" hidden={!isShown}>
        {line !== "" && error === null && found === null && (
          <p className={"trouble" in resolved || isOffline ? "quiet" : ""}>
            {isOffline && plan?.kind !== "open" ? t("recommend.offline") : plan ? preview(plan, last, t, names, words.f) : troubleText((resolved as { trouble: Trouble }).trouble, t)}
          </p>
        )}
        {busy && <p className="quiet">{t("sending.busy")}</p>}
        {isTooSoon && <p className="wrong">{t("command.still_busy")}</p>}
        {done !== null && <p>✓ {done}</p>}
        {error !== null && <Problem error={error} onReload={() => setError(null)} onRetry={() => void enter()} />}
        {found !== null && <Hits findings={found} onChosen={() => (type(""), setIsOpen(false))} />}
      </div>
    </div>
  );
}

function Hits({ findings, onChosen }: { findings: Findings; onChosen: () => void }) {
  const { t } = useWords();
  const navigate = useNavigate();
  const { items: found, isNarrowed, access } = findings;
  if (found.length === 0) {
    return (
      <>
        <p>{t("command.found_none")}</p>
        {isNarrowed && <p className="quiet">{t("look.find_narrowed")}</p>}
      </>
    );
  }
  return (
    <ul>
      {found.map((hit) => (
        <li key={hit.key}>
          <button type="button" className="button is-quiet" onClick={() => (void navigate(hit.to), onChosen())}>
            <bdi>{hit.text}</bdi>
          </button>
        </li>
      ))}
      {access !== null && (
        <li>
          <Mark access={access} />
        </li>
      )}
    </ul>
  );
}

/** What Enter will do, or what it did. */
function preview(plan: Plan, last: LastAct | null | undefined, t: Translate, names: NameBook, f: Formats): string {
  const what = "incident" in plan ? { number: plan.incident.number, category: names.category(plan.incident.category) } : { number: "", category: "" };
  switch (plan.kind) {
    case "new":
      return t("command.do.new");
    case "open":
    case "own":
    case "outcome":
      return t(`command.do.${plan.kind}`, what);
    case "assign":
      return t("command.do.assign", { ...what, units: plan.units.map((unit) => unit.call_sign).join(", ") });
    case "stage":
      return t("command.do.stage", { ...what, unit: plan.unit.call_sign, stage: t(`stage.${plan.stage}`) });
    case "status":
      return t("command.do.status", { unit: plan.unit.call_sign, status: t(`status.${plan.status}`) });
    case "note":
      return t("command.do.note", { ...what, text: plan.text });
    case "backup":
      return t("command.do.backup", { ...what, n: plan.count });
    case "find":
      return t("command.do.find", { text: plan.text });
    case "undo": {
      if (last === undefined) return t("app.loading");
      if (last === null) return t("command.undo_none");
      const units = last.units.map((unit) => unit.call_sign).join(", ");
      const at = f.clock(last.at);
      if (last.kind === "sending") return t("command.undo_sending", { units, number: last.number, at });
      if (last.kind === "hold") return t("command.undo_hold", { number: last.number, at });
      return t("command.undo_stage", { units, number: last.number, at, stage: t(`stage.${last.stage!}`) });
    }
  }
}

function troubleText(trouble: Trouble, t: Translate): string {
  switch (trouble.code) {
    case "nothing":
      return t("command.how", { example: EXAMPLES.assign });
    case "wrong":
      return t("command.how", { example: EXAMPLES[trouble.command] });
    case "too_many":
      return t("command.too_many");
    case "not_free":
      return t("command.not_free", { unit: trouble.unit.call_sign, status: t(`status.${trouble.unit.status}`) });
    case "not_working":
    case "working":
      return t(`command.${trouble.code}`, { unit: trouble.unit.call_sign });
    default:
      return t(`command.${trouble.code}`, { word: trouble.word });
  }
}
