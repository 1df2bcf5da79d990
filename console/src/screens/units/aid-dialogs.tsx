/** Asking a neighbour for units, and answering one who asks: with a unit, or with a reason why not. */
import { useMemo, useState } from "react";
import type { AidAskRequest, LendRequest, RefusalRequest } from "../../api/contract-check";
import type { AidOverview, AidRequest } from "../../api/crews";
import { useLive, useNames, useSession, useWords } from "../../context";
import { derived } from "../../live/derived";
import { session } from "../../session";
import { TimeField } from "../../ui/time-field";
import { toIso, toText } from "../../ui/time-text";
import { useCommand } from "../../ui/use-command";
import { CommandForm } from "../incident/command-form";
import { TextField } from "../incident/party-dialog";
import { TerritoryPicker } from "../new-incident/territory-picker";
import { useCodeNames } from "./code-names";
import { useNeighbours, useTerritoryName } from "./neighbours";

const USUAL_MS = 4 * 3_600_000;
const MOST = 20;
const freeUnits = derived(["units"], (store) => [...store.units.values()].filter((unit) => unit.status === "available" && unit.lent === null));

export function AskDialog({ aid, onClose }: { aid: AidOverview | null; onClose: () => void }) {
  const { t } = useWords();
  const { codes, territories } = useSession();
  const names = useNames();
  const words = useCodeNames();
  const sending = useCommand();
  const [own, setOwn] = useState(() => String(territories.scope.length === 1 ? territories.scope[0] : ""));
  const neighbours = useNeighbours(Number(own), aid);
  const [from, setFrom] = useState("");
  const [kind, setKind] = useState(codes.unit_kinds[0]?.code ?? "");
  const [count, setCount] = useState("1");
  const [reason, setReason] = useState(codes.lend_reasons[0]?.code ?? "");
  const [until, setUntil] = useState(() => toText(session.store.time.now_ms() + USUAL_MS));
  const until_at = toIso(until);
  const isCount = /^\d{1,2}$/.test(count.trim()) && Number(count) >= 1 && Number(count) <= MOST;
  const isFrom = neighbours.some((one) => String(one.id) === from);
  const send = () => {
    const body: AidAskRequest = { territory_id: Number(own), from_territory: Number(from), kind, count: Number(count), until: until_at!, reason };
    sending.send("POST", "/api/aid-requests", body, onClose);
  };
  return (
    <CommandForm title={t("aid.ask")} submit={t("aid.ask_submit")} sending={sending} canSubmit={own !== "" && isFrom && isCount && until_at !== null} onReload={onClose} onClose={onClose} onSubmit={send}>
      <TerritoryPicker label={t("aid.for")} value={own} onChange={setOwn} />
      <Choice label={t("aid.from")} value={isFrom ? from : ""} empty={t("lend.choose")} options={neighbours.map((one) => [String(one.id), one.name])} onChange={setFrom} />
      <div className="field-pair">
        <Choice label={t("units.kind")} value={kind} options={codes.unit_kinds.map(({ code }) => [code, names.kind(code)])} onChange={setKind} />
        <TextField label={t("aid.count", { max: MOST })} value={count} onChange={setCount} longest={2} wrong={!isCount} />
      </div>
      <Choice label={t("field.reason")} value={reason} options={codes.lend_reasons.map(({ code }) => [code, words.lendReason(code)])} onChange={setReason} />
      <TimeField label={t("lend.until_label")} value={until} onChange={setUntil} />
    </CommandForm>
  );
}

interface AnswerProps {
  request: AidRequest;
  aid: AidOverview | null;
  onClose: () => void;
}

export function AnswerDialog({ request, aid, onClose }: AnswerProps) {
  const { t, f } = useWords();
  const { codes, territories } = useSession();
  const names = useNames();
  const words = useCodeNames();
  const place = useTerritoryName(aid);
  const sending = useCommand();
  const all = useLive("units", freeUnits);
  // The kind that was asked for first: another one may be better than none.
  const units = useMemo(
    () =>
      all
        .filter((unit) => territories.isWithin(unit.territory_id, request.from_territory_id))
        .sort((a, b) => Number(b.kind === request.kind) - Number(a.kind === request.kind) || f.compare(a.call_sign, b.call_sign)),
    [all, territories, request, f],
  );
  const [answer, setAnswer] = useState("");
  const unit = units.find((one) => one.id === answer);
  const refusal = codes.lend_refusals.find((one) => `no:${one.code}` === answer)?.code;
  const send = () => {
    if (refusal) return sending.send("POST", `/api/aid-requests/${request.id}/refusal`, { version: request.version, reason: refusal } satisfies RefusalRequest, onClose);
    const body: LendRequest = { to_territory: request.territory_id, until: request.until, version: unit!.version, request_id: request.id };
    sending.send("POST", `/api/units/${unit!.id}/loan`, body, onClose);
  };
  return (
    <CommandForm title={t("aid.answer_title", { place: place(request.territory_id) })} submit={t(refusal ? "aid.refuse" : "lend.submit")} sending={sending} canSubmit={unit !== undefined || refusal !== undefined} onReload={onClose} onClose={onClose} onSubmit={send}>
      <p>
        {names.kind(request.kind)} <b className="num">{t("aid.given", { lent: request.lent, count: request.count })}</b>, {t("aid.until", { until: f.full(request.until, "minute") })}, {words.lendReason(request.reason)}
      </p>
      <fieldset className="field choices people-list">
        <legend>{t("aid.lend_one")}</legend>
        {units.length === 0 && <p className="quiet">{t("aid.none_free")}</p>}
        {units.map((one) => (
          <label key={one.id} className="check">
            <input type="radio" name="answer" checked={answer === one.id} onChange={() => setAnswer(one.id)} />
            <bdi>{one.call_sign}</bdi> <span className="quiet">{names.kind(one.kind)}</span>
          </label>
        ))}
      </fieldset>
      <fieldset className="field choices">
        <legend>{t("aid.say_no")}</legend>
        {codes.lend_refusals.map(({ code }) => (
          <label key={code} className="check">
            <input type="radio" name="answer" checked={answer === `no:${code}`} onChange={() => setAnswer(`no:${code}`)} />
            {words.refusal(code)}
          </label>
        ))}
      </fieldset>
    </CommandForm>
  );
}

function Choice(props: { label: string; value: string; empty?: string; options: [string, string][]; onChange: (value: string) => void }) {
  return (
    <label className="field">
      <span>{props.label}</span>
      <select value={props.value} onChange={(event) => props.onChange(event.target.value)}>
        {props.empty !== undefined && (
          <option value="" disabled>
            {props.empty}
          </option>
        )}
        {props.options.map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
