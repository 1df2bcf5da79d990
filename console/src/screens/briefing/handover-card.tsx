/** One handover: for the officer who comes a list to go through with J, K and Space; for everybody else to read. */
import { useEffect, useMemo, useRef, useState } from "react";
import { Link, useNavigate } from "react-router";
import { Command } from "../../api/client";
import { useNames, useSession, useTick, useWords } from "../../context";
import { session } from "../../session";
import { useKeys } from "../../ui/keys";
import { CareMark } from "../../ui/care-mark";
import { Kbd, PriorityMark } from "../../ui/marks";
import { Problem } from "../../ui/problem";
import { Mark } from "../../access/mark";
import { useCommand } from "../../ui/use-command";
import { useRead } from "../../ui/use-read";
import { handoverReader } from "./held-handover";
import type { HandedIncident, HandoverCard, ItemKind, SealedText } from "./types";

const LOOK_AGAIN_MS = 10_000;

/** A line of the list: an item, or an incident that came after the offer and becomes one when it is acknowledged. */
interface Line {
  key: string;
  body: { item_id: string } | { incident_id: string };
  kind: ItemKind;
  incident: (HandedIncident & { is_open?: boolean; is_changed?: boolean }) | null;
  count: number | null;
  since: string | null;
  text: SealedText | null;
  remark: SealedText | null;
  isShut: boolean;
  isNew: boolean;
  isDone: boolean;
}

function linesOf(card: HandoverCard, done: ReadonlySet<string>): Line[] {
  const items = card.items.map((item): Line => ({
    key: item.incident?.id ?? item.id, body: { item_id: item.id }, kind: item.kind, incident: item.incident, count: item.count, since: item.since,
    text: item.text, remark: item.remark, isShut: item.is_shut, isNew: item.is_late, isDone: item.acknowledged_at !== null || done.has(item.incident?.id ?? item.id),
  }));
  const late = card.new.map((one): Line => ({
    key: one.id, body: { incident_id: one.id }, kind: one.kind, incident: one, count: null, since: null, text: null, remark: null, isShut: false, isNew: true, isDone: done.has(one.id),
  }));
  return [...items, ...late];
}

export function HandoverCardView({ id, onDone }: { id: string; onDone: () => void }) {
  const { me } = useSession();
  const { t, f } = useWords();
  const navigate = useNavigate();
  const [reader] = useState(handoverReader);
  const card = useRead<HandoverCard>(`/api/handovers/${id}`, reader);
  const [done, setDone] = useState<ReadonlySet<string>>(new Set());
  const [problem, setProblem] = useState<unknown>(null);
  const [selected, setSelected] = useState(0);
  const [remark, setRemark] = useState("");
  const acceptance = useCommand();
  const { reload } = card;
  const handover = card.data?.handover;
  const isOffered = handover?.state === "offered";
  const canTake = isOffered && handover.from.id !== me.account.id && (handover.to === null || handover.to.id === me.account.id);
  useEffect(() => {
    if (!isOffered) return;
    const timer = setInterval(reload, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [isOffered, reload]);
  const lines = useMemo(() => (card.data ? linesOf(card.data, done) : []), [card.data, done]);
  const acknowledged = lines.filter((line) => line.isDone).length;
  const isLoaded = card.data !== null;
  useEffect(() => {
    // Whoever comes back goes on where they were.
    const first = lines.findIndex((line) => !line.isDone);
    if (isLoaded && first > 0) setSelected(first);
  }, [isLoaded]);
  const move = (by: number) => setSelected((at) => Math.max(0, Math.min(lines.length - 1, at + by)));

  // Shown at once, but signed only when the centre has each of them.
  const [onTheirWay, setOnTheirWay] = useState(0);
  const acknowledge = (index: number) => {
    const line = lines[index];
    if (!canTake || !line || line.isDone) return move(1);
    setDone((held) => new Set(held).add(line.key));
    setProblem(null);
    const text = remark.trim();
    setRemark("");
    const next = lines.findIndex((other, at) => at > index && !other.isDone);
    if (next >= 0) setSelected(next);
    setOnTheirWay((n) => n + 1);
    const sent = new Command("POST", `/api/handovers/${id}/acknowledgements`, { ...line.body, ...(text ? { remark: text } : {}) }).send();
    sent.finally(() => setOnTheirWay((n) => n - 1)).then(
      () => undefined,
      (error: unknown) => {
        // Never shown as done when it is not: the line opens again, with what was written beside it.
        setDone((held) => new Set([...held].filter((key) => key !== line.key)));
        setRemark(text);
        setSelected(index);
        setProblem(error);
        reload();
      },
    );
  };
  useKeys({
    KeyJ: () => move(1),
    KeyK: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Space: () => acknowledge(selected),
  });
  const sign = () =>
    acceptance.send("POST", `/api/handovers/${id}/acceptance`, undefined, () => {
      reload();
      onDone();
    });

  if (!handover) return card.error !== null ? <Problem error={card.error} onRetry={reload} /> : <p className="quiet pad">{t("app.loading")}</p>;
  const isAll = acknowledged === lines.length;
  return (
    <section className="panel taking" aria-label={t("handover.take_title", { name: handover.from.name })}>
      <div className="panel-head">
        <h2>{t("handover.take_title", { name: handover.from.name })}</h2>
        <span className="num quiet">{t("handover.signed_out_at", { at: f.full(handover.signed_out_at, "minute"), shift: t(`handover.shift.${handover.shift}`) })}</span>
        <span className="spacer" />
        <button type="button" className="button is-quiet no-print" onClick={() => void navigate("/briefing/handover")}>
          {t("handover.back")}
        </button>
      </div>
      {handover.state !== "offered" && (
        <p className="notice">
          {handover.signed_in_at
            ? t("handover.was_signed", { name: handover.to?.name ?? "", at: f.full(handover.signed_in_at) })
            : t("handover.was_withdrawn", { at: handover.withdrawn_at ? f.full(handover.withdrawn_at) : "" })}
        </p>
      )}
      {isOffered && !canTake && <p className="notice is-warning">{handover.from.id === me.account.id ? t("handover.own") : t("handover.taken_by", { name: handover.to?.name ?? "" })}</p>}
      {problem !== null && <Problem error={problem} onReload={reload} />}
      <ol className="taking-list" aria-label={t("handover.items")}>
        {lines.map((line, index) => (
          <ItemRow key={line.key} line={line} isSelected={index === selected} canTake={canTake} onSelect={() => setSelected(index)} onAcknowledge={() => acknowledge(index)} />
        ))}
      </ol>
      {lines.length === 0 && <p className="empty">{t("handover.empty")}</p>}
      <Mark access={card.data?.access} />
      {isOffered && (
        <div className="panel-foot no-print">
          <progress aria-label={t("handover.items")} value={acknowledged} max={Math.max(1, lines.length)} />
          <b className="num" role="status">
            {t("handover.progress", { n: f.number(acknowledged), all: f.number(lines.length) })}
          </b>
          {canTake && (
            <>
              <label className="grows inline">
                <span>{t("handover.remark")}</span>
                <input
                  value={remark} maxLength={200} dir="auto" onChange={(event) => setRemark(event.target.value)}
                  onKeyDown={(event) => {
                    if (event.key === "Enter") acknowledge(selected);
                  }}
                />
              </label>
              <span className="quiet small only-wide">
                <Kbd>J</Kbd> <Kbd>K</Kbd> {t("handover.keys_move")} <Kbd>Space</Kbd> {t("handover.keys_acknowledge")}
              </span>
              <button type="button" className="button is-primary" disabled={!isAll || onTheirWay > 0 || acceptance.busy} onClick={sign}>
                {t("handover.sign_in")}
              </button>
            </>
          )}
          {acceptance.error !== null && <Problem error={acceptance.error} onReload={reload} onRetry={acceptance.retry} />}
        </div>
      )}
    </section>
  );
}

function ItemRow(props: { line: Line; isSelected: boolean; canTake: boolean; onSelect: () => void; onAcknowledge: () => void }) {
  const { line, isSelected } = props;
  const { t, f } = useWords();
  const names = useNames();
  const place = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isSelected) place.current?.scrollIntoView({ block: "nearest" });
  }, [isSelected]);
  const { incident } = line;
  return (
    <li ref={place} className={`take ${isSelected ? "is-selected" : ""} ${line.isDone ? "is-done" : ""}`} aria-current={isSelected ? "true" : undefined} onClick={props.onSelect}>
      <span className="take-mark">
        <span aria-hidden="true">{line.isDone ? "✓" : "○"}</span>
        <span className="sr-only">{line.isDone ? t("handover.done") : t("handover.not_done")}</span>
      </span>
      <span className="take-kind">
        {t(`handover.kind.${line.kind}`)}
        {line.isNew && <b className="tag is-new">{t("handover.new")}</b>}
      </span>
      <span className="take-what">
        {incident ? (
          <>
            <PriorityMark code={incident.priority} />{" "}
            <Link to={`/incidents/${incident.id}`} className="num">
              <bdi>{incident.number}</bdi>
            </Link>{" "}
            <bdi>{names.category(incident.category)}</bdi> · <bdi className="quiet">{names.territory(incident.territory_id) ?? t("unknown")}</bdi> ·{" "}
            <span className="num">{f.full(incident.received_at, "minute")}</span>
            <CareMark covert={incident.covert} rules={incident.safe_contact} withWords />
            {incident.is_open === false && <b className="tag">{t("handover.closed_since")}</b>}
            {incident.is_open !== false && incident.is_changed && <b className="tag">{t("handover.changed_since")}</b>}
          </>
        ) : line.isShut ? (
          <span className="quiet">{t("handover.shut_out")}</span>
        ) : (
          <HandText line={line} />
        )}
        {line.remark && <Sealed label={t("handover.remark")} text={line.remark} />}
      </span>
      <span className="take-act no-print">
        {props.canTake && !line.isDone && (
          <button type="button" className="button is-small" tabIndex={isSelected ? 0 : -1} onClick={props.onAcknowledge}>
            {t("handover.acknowledge")}
          </button>
        )}
      </span>
    </li>
  );
}

function HandText({ line }: { line: Line }) {
  const { t, f } = useWords();
  useTick();
  const held_s = line.since ? (session.store.time.now_ms() - Date.parse(line.since)) / 1000 : null;
  return (
    <>
      {line.count !== null && <b className="num">{f.number(line.count)}</b>}
      {line.since && held_s !== null && <span className="num"> · {t("handover.held_for", { age: f.age(Math.max(0, held_s)), at: f.full(line.since, "minute") })}</span>}
      <span className="quiet"> · {t("handover.by_hand")}</span>
      {line.text && <Sealed text={line.text} />}
    </>
  );
}

function Sealed({ text, label }: { text: SealedText; label?: string }) {
  const { t } = useWords();
  return (
    <span className="take-text">
      {label && <span className="quiet">{label}: </span>}
      {text.erased ? <i>{t("briefing.erased")}</i> : <bdi>{text.text}</bdi>}
    </span>
  );
}
