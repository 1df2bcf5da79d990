/** The command line of the top bar: "/" leads here, a line below says what Enter will do before it is done, arrow up brings back what was typed. */
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { useNavigate } from "react-router";
import { Mark } from "../access/mark";
import { foresee } from "../commands/foresee";
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
import { Undone, Waiting } from "./command-queue";
import { useKeys } from "./keys";
import { Kbd } from "./marks";
import { Problem } from "./problem";
import { useLineQueue, type Entered } from "./use-line-queue";

const MOST_REMEMBERED = 50;
/** In memory only: a line may hold what somebody said. */
const remembered: string[] = [];
session.whenLeaving(() => remembered.splice(0));
/** Only ways to another screen: whoever wants one wants it now, whatever still waits for its answer. */
const WAYS: readonly Plan["kind"][] = ["new", "open", "outcome"];

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
  const [failed, setFailed] = useState<{ error: unknown; line: string } | null>(null);
  const [undone, setUndone] = useState<readonly Entered[]>([]);
  const [done, setDone] = useState<string | null>(null);
  const [isTooSoon, setTooSoon] = useState(false);
  const [found, setFound] = useState<Findings | null>(null);
  const [last, setLast] = useState<LastAct | null | undefined>(undefined);
  const seq = useLive("incidents", (store) => store.seq);
  const isOffline = useLive("link", (store) => store.link.kind === "offline");
  useKeys({ Slash: () => input.current?.focus() });

  const counted = useRef({ entered: 0, went: 0 });
  const giveBack = (given: string) => setLine((held) => (held === "" ? given : held));
  const queue = useLineQueue({
    // A screen that was asked for later is not taken away again.
    send: (one) => run(one.plan, one.last, (to) => one.count > counted.current.went && navigate(to), t("undo.reason"), me.account.id),
    onDone(one, { findings }) {
      if (findings) {
        giveBack(one.line);
        setFound(findings);
      } else setDone(one.said);
    },
    onFailed(error, one, behind) {
      const isFree = input.current?.value === "";
      setFailed({ error, line: one.line });
      if (isFree) giveBack(one.line);
      setUndone((held) => [...held, ...(isFree ? behind : [one, ...behind])].slice(-MOST_REMEMBERED));
    },
  });
  const busy = queue.waiting.length > 0;

  const resolved = useMemo(
    () => resolve(parse(line), foresee({ incidents: session.store.incidents.values(), units: session.store.units.values() }, queue.unseen())),
    // `seq` resolves the same line again against the newer picture, the queue's version against what one did oneself.
    [line, seq, queue.version],
  );
  const plan = "plan" in resolved ? resolved.plan : null;
  const asksUndo = plan?.kind === "undo" && may(me, "dispatch");
  useEffect(() => {
    setLast(undefined);
    if (!asksUndo || busy) return;
    const leaving = new AbortController();
    read<{ act: LastAct | null }>("/api/undo", leaving.signal).then(
      ({ act }) => setLast(act),
      (error: unknown) => !leaving.signal.aborted && setFailed({ error, line: "" }),
    );
    return () => leaving.abort();
    // What is under way is not the newest act yet, and may be the one that is meant.
  }, [asksUndo, busy, seq]);

  const putAway = () => {
    // Whoever types on without looking is told all the same, until they take the lines back or leave them.
    if (undone.length === 0) setFailed(null);
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
  const enter = () => {
    if (plan === null || (isOffline && !["new", "open"].includes(plan.kind))) return;
    if (plan.kind === "undo" && !last) return setTooSoon(busy);
    const isWay = WAYS.includes(plan.kind);
    const entered: Entered = { line, said: preview(plan, last, t, names, words.f), plan, last: last ?? null, count: counted.current.entered + 1 };
    // A line that finds no room is not lost without a word.
    if (!isWay && !queue.add(entered)) return setTooSoon(true);
    counted.current.entered = entered.count;
    remembered.unshift(line);
    remembered.splice(MOST_REMEMBERED);
    setBack(0);
    putAway();
    // Gone at once: the picture may show the act before its answer is here, and whoever sees it types the next line.
    setLine("");
    if (!isWay) return;
    counted.current.went = entered.count;
    void run(plan, null, navigate, "", me.account.id);
    if (plan.kind === "outcome") setDone(entered.said);
  };
  const bringBack = (one: Entered) => {
    if (line !== "") remembered.unshift(line);
    setUndone((held) => held.filter((other) => other !== one));
    type(one.line);
    input.current?.focus();
  };
  const press = (event: KeyboardEvent<HTMLInputElement>) => {
    // The next key puts the last answer away; Tab leads to what was found or to a way out of what went wrong.
    if (!["Enter", "Tab", "Shift"].includes(event.key)) putAway();
    if (event.key === "Enter") enter();
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
  const error = failed?.error ?? null;
  // What failed after its sender had gone on to something else is said all the same.
  const isShown = error !== null || undone.length > 0 || (isOpen && (line !== "" || busy || done !== null));
  return (
    <div className="command" onFocus={() => setIsOpen(true)} onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && leave()}>
      <input
        ref={input} id="command-line" value={line} maxLength={500} placeholder={t("command.placeholder", { example: EXAMPLES.assign })} aria-label={t("keys.command")} aria-describedby="command-says" autoComplete="off"
        spellCheck={false} dir="auto" onChange={(event) => type(event.target.value)} onKeyDown={press}
      />
      <Kbd>/</Kbd>
      <div id="command-says" className="command-says" role="status" hidden={!isShown}>
        {line !== "" && (error === null || undone.length > 0) && found === null && (
          <p className={"trouble" in resolved || isOffline ? "quiet" : ""}>
            {isOffline && plan?.kind !== "open" ? t("recommend.offline") : plan ? preview(plan, last, t, names, words.f) : troubleText((resolved as { trouble: Trouble }).trouble, t)}
          </p>
        )}
        {busy && <Waiting lines={queue.waiting} />}
        {isTooSoon && <p className="wrong">{t("command.still_busy")}</p>}
        {done !== null && <p>✓ {done}</p>}
        {error !== null && <Problem error={error} onReload={() => setFailed(null)} {...(line === failed?.line && { onRetry: enter })} />}
        {undone.length > 0 && <Undone lines={undone} onBack={bringBack} onLeave={() => (setUndone([]), setFailed(null))} />}
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
