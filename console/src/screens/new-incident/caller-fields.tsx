/** Who calls and what was said; all of it is sealed. What would endanger the caller is marked here. */
import { SAFE_CONTACTS, type SafeContact } from "../../api/types";
import { useNames, useSession, useWords } from "../../context";
import { Kbd } from "../../ui/marks";
import { TimeField } from "../../ui/time-field";
import type { Fields } from "./fields";
import { CodeSelect, Field } from "./form-parts";

interface Props {
  fields: Fields;
  refused: Map<string, string>;
  onChange: (change: Partial<Fields>) => void;
  onCovert: () => void;
}

export function CallerFields({ fields, refused, onChange, onCovert }: Props) {
  const { t } = useWords();
  return (
    <fieldset className="group">
      <legend>{t("sealed.title")}</legend>
      <Field label={t("new.note")} problem={refused.get("note")}>
        <textarea id="call-note" rows={2} value={fields.note} maxLength={4000} dir="auto" onChange={(event) => onChange({ note: event.target.value })} />
      </Field>
      <div className="field-pair">
        <Field label={t("sealed.caller_phone")} problem={refused.get("caller.phone")} {...(fields.covert ? { hint: t("call.no_ring_back") } : {})}>
          <input type="tel" className="num" value={fields.caller_phone} maxLength={40} autoComplete="off" onChange={(event) => onChange({ caller_phone: event.target.value })} />
        </Field>
        <Field label={t("sealed.caller_name")} problem={refused.get("caller.name")}>
          <input value={fields.caller_name} maxLength={200} autoComplete="off" dir="auto" onChange={(event) => onChange({ caller_name: event.target.value })} />
        </Field>
      </div>
      <Field label={t("call.address")} problem={refused.get("address")}>
        <input value={fields.address} maxLength={400} autoComplete="off" dir="auto" onChange={(event) => onChange({ address: event.target.value })} />
      </Field>
      <fieldset className="marks">
        <legend>{t("call.safe_contact")}</legend>
        {SAFE_CONTACTS.map((code) => (
          <label key={code} className="check">
            <input type="checkbox" checked={fields.safe_contact.includes(code)} onChange={() => onChange({ safe_contact: toggled(fields.safe_contact, code) })} />
            {t(`call.safe.${code}`)}
          </label>
        ))}
        <label className="check">
          <input type="checkbox" checked={fields.covert} onChange={onCovert} />
          {t("call.covert")} <Kbd>Alt+S</Kbd>
        </label>
      </fieldset>
    </fieldset>
  );
}

/** By which way it came, and whether it is written down later from the radio or from paper. */
export function ChannelFields({ fields, refused, onChange }: Omit<Props, "onCovert">) {
  const { codes } = useSession();
  const { t } = useWords();
  const names = useNames();
  const isLate = fields.entered_via !== "console";
  return (
    <fieldset className="group">
      <legend>{t("call.how")}</legend>
      <div className="field-pair">
        <CodeSelect
          label={t("field.channel")} value={fields.channel} problem={refused.get("channel")} onChange={(channel) => onChange({ channel })}
          choices={codes.channels.map(({ code }) => [code, names.channel(code)])}
        />
        <CodeSelect
          label={t("call.entered")} value={fields.entered_via} problem={refused.get("entered_via")} onChange={(via) => onChange({ entered_via: via as Fields["entered_via"] })}
          choices={(["console", "radio", "paper"] as const).map((via) => [via, t(`call.via.${via}`)])}
        />
      </div>
      {fields.channel === "emergency_112" && (
        <Field label={t("call.reference")} problem={refused.get("reference")}>
          <input className="num" value={fields.reference} maxLength={40} autoComplete="off" onChange={(event) => onChange({ reference: event.target.value })} />
        </Field>
      )}
      {isLate && (
        <TimeField
          label={t("call.stated")} value={{ day: fields.occurred_day, clock: fields.occurred_clock }}
          onChange={({ day, clock }) => onChange({ occurred_day: day, occurred_clock: clock })}
        />
      )}
    </fieldset>
  );
}

function toggled(held: SafeContact[], code: SafeContact): SafeContact[] {
  return held.includes(code) ? held.filter((one) => one !== code) : [...held, code];
}
