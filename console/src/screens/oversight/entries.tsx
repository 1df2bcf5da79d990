/** Entries of the log: who used what, when and why, by period, kind, office and place. Nothing of what was seen, and each reading is an entry too. */
import { useState } from "react";
import { useSearchParams } from "react-router";
import { KINDS, OFFICES } from "../../api/log-codes";
import { useNames, useSession, useWords } from "../../context";
import { en } from "../../i18n/en";
import type { Key } from "../../i18n/messages";
import { session } from "../../session";
import { DayInput } from "../../ui/day-input";
import { Problem } from "../../ui/problem";
import { useRead } from "../../ui/use-read";
import { TerritoryPicker } from "../new-incident/territory-picker";
import { roleName } from "./ends";
import { dayOf, startOf } from "./pack";

/** Every sort of entry and every role there is: contract-check.ts compares both with the server's. */
const PAGE = 50;
const LONGEST_DAYS = 92;
const DAY_MS = 86_400_000;

interface LogEntry {
  id: number;
  at: string;
  actor: { id: string; name: string | null };
  action: string;
  record_kind: string;
  reason: string;
  leaf: number | null;
  kind: string;
  territory_id: number | null;
  roles: string[];
  details: Record<string, unknown>;
}

export function EntriesTab() {
  const { t } = useWords();
  const now = session.store.time.now_ms();
  const [asked, setAsked] = useState({ from: dayOf(now - 7 * DAY_MS), to: dayOf(now), kind: "", office: "", territory: "" });
  const [befores, setBefores] = useState<number[]>([]);
  const [chosen, setChosen] = useState<LogEntry | null>(null);
  // A list of entry numbers elsewhere leads here: ?number= shows that one, however long ago it was.
  const [params, setParams] = useSearchParams();
  const number = /^\d{1,15}$/.test(params.get("number") ?? "") ? Number(params.get("number")) : null;
  const days = (startOf(asked.to) - startOf(asked.from)) / DAY_MS + 1;
  const isRight = days >= 1 && days <= LONGEST_DAYS;
  const page = useRead<{ items: LogEntry[] }>(number !== null ? `/api/audit?before=${number + 1}&limit=1` : isRight ? pathOf(asked, befores.at(-1)) : null);
  const items = (page.data?.items ?? []).filter((one) => number === null || one.id === number);
  const ask = (some: Partial<typeof asked>) => (setAsked({ ...asked, ...some }), setBefores([]), setChosen(null));
  return (
    <>
      <h2>{t("entries.title")}</h2>
      <p className="quiet small definition">{t("entries.note")}</p>
      {number !== null ? (
        <p>
          <b className="num">{t("entries.number", { n: number })}</b>{" "}
          <button type="button" className="button is-small" onClick={() => (setParams({}), setChosen(null))}>
            {t("entries.every")}
          </button>
        </p>
      ) : (
        <Filters asked={asked} max={dayOf(now)} onAsk={ask} />
      )}
      {!isRight && <p className="wrong" role="status">{t("entries.period", { days: LONGEST_DAYS })}</p>}
      {page.error !== null && <Problem error={page.error} onReload={page.reload} />}
      {page.data && items.length === 0 && <p className="empty">{t(number === null ? "entries.none" : "entries.no_number")}</p>}
      {chosen && <Entry key={chosen.id} one={chosen} onClose={() => setChosen(null)} />}
      {items.length > 0 && <Rows items={items} chosen={chosen} onChoose={setChosen} />}
      <div className="filters">
        {number === null && befores.length > 0 && (
          <button type="button" className="button" onClick={() => (setBefores(befores.slice(0, -1)), setChosen(null))}>
            {t("entries.newer")}
          </button>
        )}
        {items.length === PAGE && (
          <button type="button" className="button" onClick={() => (setBefores([...befores, items.at(-1)!.id]), setChosen(null))}>
            {t("entries.older")}
          </button>
        )}
      </div>
    </>
  );
}

interface Asked {
  from: string;
  to: string;
  kind: string;
  office: string;
  territory: string;
}

function pathOf({ from, to, kind, office, territory }: Asked, before: number | undefined): string {
  // The last day counts whole.
  const query = new URLSearchParams({ since: new Date(startOf(from)).toISOString(), until: new Date(startOf(to) + DAY_MS).toISOString(), limit: String(PAGE) });
  for (const [name, value] of Object.entries({ kind, office, territory, before: before === undefined ? "" : String(before) })) if (value !== "") query.set(name, value);
  return `/api/audit?${query.toString()}`;
}

function Filters({ asked, max, onAsk }: { asked: Asked; max: string; onAsk: (some: Partial<Asked>) => void }) {
  const { t } = useWords();
  return (
    <div className="filters entries-filters">
      <label>
        <span>{t("pack.from")}</span>
        <DayInput label={t("pack.from")} value={asked.from} max={max} onChange={(from) => onAsk({ from })} />
      </label>
      <label>
        <span>{t("pack.to")}</span>
        <DayInput label={t("pack.to")} value={asked.to} max={max} onChange={(to) => onAsk({ to })} />
      </label>
      <label>
        <span>{t("entries.kind")}</span>
        <select value={asked.kind} onChange={(event) => onAsk({ kind: event.target.value })}>
          <option value="">{t("entries.all")}</option>
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>{t(`entries.kind.${kind}`)}</option>
          ))}
        </select>
      </label>
      <label>
        <span>{t("entries.office")}</span>
        <select value={asked.office} onChange={(event) => onAsk({ office: event.target.value })}>
          <option value="">{t("entries.all")}</option>
          {OFFICES.map((office) => (
            <option key={office} value={office}>{roleName(office, t)}</option>
          ))}
        </select>
      </label>
      <TerritoryPicker value={asked.territory} label={t("facts.territory")} onChange={(territory) => onAsk({ territory })} />
    </div>
  );
}

function Rows({ items, chosen, onChoose }: { items: LogEntry[]; chosen: LogEntry | null; onChoose: (one: LogEntry) => void }) {
  const { t, f } = useWords();
  const names = useNames();
  return (
    <div className="table-wrap" tabIndex={0} role="region" aria-label={t("entries.title")}>
      <table className="table entries-table">
        <thead>
          <tr>
            <th scope="col">{t("entries.at")}</th>
            <th scope="col">{t("entries.kind")}</th>
            <th scope="col">{t("entries.what")}</th>
            <th scope="col">{t("entries.who")}</th>
            <th scope="col">{t("facts.territory")}</th>
            <th scope="col">{t("entries.proof")}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((one) => (
            <tr key={one.id} className={one.id === chosen?.id ? "is-selected" : ""}>
              <td className="num">{f.full(one.at)}</td>
              <th scope="row">{kindName(one.kind, t)}</th>
              <td>
                <code>{one.action}</code>
              </td>
              <td dir="auto">{one.actor.name ?? t("entries.centre")}</td>
              <td>{one.territory_id === null ? "–" : (names.territory(one.territory_id) ?? one.territory_id)}</td>
              <td>
                <button type="button" className="button is-small" aria-label={t("entries.open", { n: one.id })} onClick={() => onChoose(one)}>
                  {t("entries.open_short")}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface Proof {
  checkpoint: string;
  entry: { index: number; body: string; path: string[] };
  interval: { path: string[] };
}

/** One entry with its proof: which leaf it is, and the signed checkpoint that holds it. */
function Entry({ one, onClose }: { one: LogEntry; onClose: () => void }) {
  const { t, f } = useWords();
  const { territories } = useSession();
  const names = useNames();
  const path = one.leaf === null ? null : `/api/log/proofs/${one.leaf}`;
  const proof = useRead<Proof>(path);
  const place = (id: string | undefined) => (territories.get(Number(id)) ? names.territory(Number(id)) : id) ?? "?";
  return (
    <article className="oversight-case notice" aria-labelledby="entry-title">
      <h3 id="entry-title">
        {kindName(one.kind, t)} · <span className="num">{f.full(one.at)}</span>
      </h3>
      <dl className="oversight-dl">
        <dt>{t("entries.who")}</dt>
        <dd dir="auto">{one.actor.name ?? t("entries.centre")}</dd>
        <dt>{t("entries.office")}</dt>
        <dd>{one.roles.map((role) => `${roleName(role.split("@")[0] ?? "", t)}, ${place(role.split("@")[1])}`).join("; ") || "–"}</dd>
        <dt>{t("entries.what")}</dt>
        <dd>
          <code>{one.action}</code>
        </dd>
        <dt>{t("entries.why")}</dt>
        <dd>{one.reason}</dd>
        <dt>{t("entries.details")}</dt>
        <dd>
          <code>{JSON.stringify(one.details)}</code>
        </dd>
        <dt>{t("entries.id")}</dt>
        <dd className="num">№{one.id}</dd>
        <dt>{t("entries.leaf")}</dt>
        <dd className="num">{one.leaf === null ? "–" : f.number(one.leaf)}</dd>
        {proof.data && (
          <>
            <dt>{t("entries.steps")}</dt>
            <dd className="num">{t("entries.steps_are", { entry: f.number(proof.data.entry.path.length), public: f.number(proof.data.interval.path.length) })}</dd>
            <dt>{t("entries.checkpoint")}</dt>
            <dd>
              <pre className="pack-commands">
                <code>{proof.data.checkpoint}</code>
              </pre>
            </dd>
          </>
        )}
      </dl>
      {proof.error !== null && <Problem error={proof.error} onReload={proof.reload} />}
      <p className="quiet small definition">{t("entries.proof_note", { command: "witness.py verify" })}</p>
      <div className="filters">
        {path !== null && (
          <a className="button is-primary" href={path} download={`proof-${one.leaf}.json`}>
            {t("entries.take")}
          </a>
        )}
        <button type="button" className="button" onClick={onClose}>
          {t("entries.close")}
        </button>
      </div>
    </article>
  );
}

function kindName(kind: string, t: (key: Key) => string): string {
  const key = `entries.kind.${kind}`;
  return key in en ? t(key as Key) : kind;
}
