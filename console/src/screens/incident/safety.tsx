/** What would endanger somebody if it were overlooked: it stands above everything else of the card, in words and with a sign. */
import { useState } from "react";
import type { Party } from "../../api/contents";
import type { ContactRulesRequest } from "../../api/contract-check";
import { SAFE_CONTACTS, type IncidentView, type SafeContact } from "../../api/types";
import { useWords } from "../../context";
import { useCommand } from "../../ui/use-command";
import { CommandForm } from "./command-form";

/**
 * A rule that holds for one person only stands here too: with whose it is where the card is opened and shows its `parties`, else without, for
 * nobody may have to open a card to learn that a call could harm.
 */
export function SafetyBanner({ incident, parties }: { incident: IncidentView; parties: readonly Party[] }) {
  const { t } = useWords();
  const own = parties.filter((party) => !party.erased && party.safe_contact.some((rule) => !incident.safe_contact.includes(rule)));
  const told = [...incident.safe_contact, ...own.flatMap((party) => party.safe_contact)];
  const ofSomebody = incident.binding.filter((rule) => !told.includes(rule));
  if (!incident.covert && told.length + ofSomebody.length === 0) return null;
  return (
    <div className="safety" role="alert">
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M5 1h6l4 4v6l-4 4H5l-4-4V5Z" />
        <path className="bar" d="M8 4v5M8 11.4v1" />
      </svg>
      <p>
        <strong>{t("safe.title")}</strong> {incident.covert && <span>{t("safe.covert")}. </span>}
        <RuleWords rules={incident.safe_contact} />
        {own.map((party) => (
          <span key={party.id} className="safety-person">
            {t(`parties.role.${party.role}`)} <bdi>{party.name ?? t("parties.unknown")}</bdi>: <RuleWords rules={party.safe_contact} />
          </span>
        ))}
        {ofSomebody.length > 0 && (
          <span className="safety-person">
            {t("safe.of_somebody")}: <RuleWords rules={ofSomebody} />
          </span>
        )}
      </p>
    </div>
  );
}

export function RuleWords({ rules }: { rules: readonly string[] }) {
  const { t } = useWords();
  const known = SAFE_CONTACTS.filter((rule) => rules.includes(rule));
  return <span>{known.map((rule) => t(`safe.${rule}`)).join(" · ")}</span>;
}

/**
 * A telephone number. Where a call would endanger somebody there is no call to click, but the words instead. `rules` came with the number,
 * `incident` is as it stands now: whichever forbids counts, for either may be the older one.
 */
export function Telephone({ number, rules, incident }: { number: string; rules: readonly string[]; incident: IncidentView }) {
  const { t } = useWords();
  const binding = [...rules, ...incident.safe_contact];
  if (incident.covert || binding.length > 0) {
    return (
      <>
        <bdi className="num">{number}</bdi>{" "}
        <strong className="wrong">
          {incident.covert && <span>{t("safe.covert")}. </span>}
          <RuleWords rules={binding} />
        </strong>
      </>
    );
  }
  return (
    <a className="num" href={`tel:${number.replace(/[^+\d]/g, "")}`}>
      <bdi>{number}</bdi>
    </a>
  );
}

export function RuleChoices({ rules, onChange }: { rules: SafeContact[]; onChange: (rules: SafeContact[]) => void }) {
  const { t } = useWords();
  return (
    <fieldset className="field choices">
      <legend>{t("safe.legend")}</legend>
      {SAFE_CONTACTS.map((rule) => (
        <label key={rule} className="check">
          <input type="checkbox" checked={rules.includes(rule)} onChange={(event) => onChange(event.target.checked ? [...rules, rule] : rules.filter((one) => one !== rule))} />
          {t(`safe.${rule}`)}
        </label>
      ))}
    </fieldset>
  );
}

export function ContactRulesDialog({ incident, onReload, onClose }: { incident: IncidentView; onReload: () => void; onClose: () => void }) {
  const { t } = useWords();
  const sending = useCommand();
  const [rules, setRules] = useState(() => SAFE_CONTACTS.filter((rule) => incident.safe_contact.includes(rule)));
  const [covert, setCovert] = useState(incident.covert);
  return (
    <CommandForm
      title={t("safe.set_title", { number: incident.number })} submit={t("action.save")} sending={sending} canSubmit onReload={onReload} onClose={onClose}
      onSubmit={() => sending.send("POST", `/api/incidents/${incident.id}/contact-rules`, { version: incident.version, safe_contact: rules, covert } satisfies ContactRulesRequest, onClose)}
    >
      <RuleChoices rules={rules} onChange={setRules} />
      <label className="check">
        <input type="checkbox" checked={covert} onChange={(event) => setCovert(event.target.checked)} />
        {t("safe.covert_check")}
      </label>
    </CommandForm>
  );
}
