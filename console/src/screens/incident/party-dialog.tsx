/** A person in this incident, added or set right. What is known stands apart from what somebody thinks. */
import { useState } from "react";
import { PARTY_ROLES, type Party, type PartyRole } from "../../api/contents";
import type { PartyRequest } from "../../api/contract-check";
import { SAFE_CONTACTS, type IncidentView } from "../../api/types";
import { useWords } from "../../context";
import { useCommand } from "../../ui/use-command";
import { CommandForm } from "./command-form";
import { RuleChoices } from "./safety";

interface Props {
  incident: IncidentView;
  /** The person to set right; absent for a new one. */
  party?: Party;
  onReload: () => void;
  onClose: () => void;
}

const TEXTS = ["name", "phone", "address", "born_year", "fact", "opinion"] as const;
type Texts = Record<(typeof TEXTS)[number], string>;

export function PartyDialog({ incident, party, onReload, onClose }: Props) {
  const { t } = useWords();
  const sending = useCommand();
  const [role, setRole] = useState<PartyRole>(party?.role ?? "caller");
  const [isMinor, setMinor] = useState(party?.is_minor ?? false);
  const [isUnknown, setUnknown] = useState(party?.is_unknown ?? false);
  const [rules, setRules] = useState(() => SAFE_CONTACTS.filter((rule) => (party?.safe_contact ?? incident.safe_contact).includes(rule)));
  const [texts, setTexts] = useState<Texts>(() => Object.fromEntries(TEXTS.map((name) => [name, party?.[name] ?? ""])) as Texts);
  const [reason, setReason] = useState("");
  const set = (name: keyof Texts) => (value: string) => setTexts((held) => ({ ...held, [name]: value }));
  const given = Object.fromEntries(TEXTS.filter((name) => name !== "born_year").map((name) => [name, texts[name].trim() || null]));
  const year = /^\d{4}$/.test(texts.born_year.trim()) ? Number(texts.born_year) : null;
  const isYearWrong = texts.born_year.trim() !== "" && year === null;
  const isEmpty = !isUnknown && TEXTS.every((name) => texts[name].trim() === "");
  const body: PartyRequest = { role, is_minor: isMinor, is_unknown: isUnknown, safe_contact: rules, ...given, born_year: year };
  const done = () => {
    onReload();
    onClose();
  };
  const submit = () =>
    party
      ? sending.send("POST", `/api/incidents/${incident.id}/parties/${party.id}/corrections`, { ...body, version: party.version, reason: reason.trim() }, done)
      : sending.send("POST", `/api/incidents/${incident.id}/parties`, body, done);
  return (
    <CommandForm
      title={party ? t("parties.correct_title") : t("parties.add")} submit={t("action.save")} sending={sending} onReload={onReload} onClose={onClose}
      canSubmit={!isEmpty && !isYearWrong && (!party || reason.trim() !== "")} onSubmit={submit}
    >
      <div className="field-pair">
        <label className="field">
          <span>{t("parties.role")}</span>
          <select value={role} onChange={(event) => setRole(event.target.value as PartyRole)}>
            {PARTY_ROLES.map((one) => (
              <option key={one} value={one}>
                {t(`parties.role.${one}`)}
              </option>
            ))}
          </select>
        </label>
        <div className="field choices">
          <label className="check">
            <input type="checkbox" checked={isMinor} onChange={(event) => setMinor(event.target.checked)} />
            {t("parties.minor")}
          </label>
          <label className="check">
            <input type="checkbox" checked={isUnknown} onChange={(event) => setUnknown(event.target.checked)} />
            {t("parties.unknown")}
          </label>
        </div>
      </div>
      <div className="field-pair">
        <TextField label={t("sealed.caller_name")} value={isUnknown ? "" : texts.name} onChange={set("name")} longest={200} disabled={isUnknown} />
        <TextField label={t("sealed.caller_phone")} value={texts.phone} onChange={set("phone")} longest={40} />
        <TextField label={t("sealed.address")} value={texts.address} onChange={set("address")} longest={400} />
        <TextField label={t("parties.born_year")} value={texts.born_year} onChange={set("born_year")} longest={4} wrong={isYearWrong} />
      </div>
      <LongField label={t("parties.fact")} value={texts.fact} onChange={set("fact")} />
      <LongField label={t("parties.opinion")} value={texts.opinion} onChange={set("opinion")} />
      <RuleChoices rules={rules} onChange={setRules} />
      {party && <TextField label={t("field.reason")} value={reason} onChange={setReason} longest={200} />}
    </CommandForm>
  );
}

export function TextField(props: { label: string; value: string; onChange: (value: string) => void; longest: number; wrong?: boolean; disabled?: boolean }) {
  return (
    <label className="field">
      <span>{props.label}</span>
      <input value={props.value} onChange={(event) => props.onChange(event.target.value)} maxLength={props.longest} dir="auto" aria-invalid={props.wrong ?? false} disabled={props.disabled ?? false} autoComplete="off" />
    </label>
  );
}

export function LongField(props: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <label className="field">
      <span>{props.label}</span>
      <textarea rows={2} value={props.value} onChange={(event) => props.onChange(event.target.value)} maxLength={4000} dir="auto" />
    </label>
  );
}
