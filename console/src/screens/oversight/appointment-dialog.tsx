/** Asks for a second person: to give an account a right that takes two people, or to take an office away. */
import { useMemo, useState } from "react";
import { useNames, useSession, useWords } from "../../context";
import { Problem } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";
import { useRead } from "../../ui/use-read";
import { CommandForm } from "../incident/command-form";
import { roleName } from "./ends";
import type { Account, Office } from "./governing-types";

/** Roles that one person alone must not give (core.permissions.takes_two_people). */
const ROLES = ["data_protection_officer", "auditor", "appeal_body", "supervisor", "duty_officer", "dispatcher", "call_taker", "administrator"] as const;

export type Asked = { change: "give" } | { change: "take"; office: Office };

export function AskDialog({ asked, onClose, onDone }: { asked: Asked; onClose: () => void; onDone: () => void }) {
  const { t } = useWords();
  const { me, territories } = useSession();
  const names = useNames();
  const sending = useCommand();
  const office = asked.change === "take" ? asked.office : null;
  const accounts = useRead<{ items: Account[] }>(office ? null : "/api/accounts?limit=200");
  const [account, setAccount] = useState(office?.account.id ?? "");
  const [role, setRole] = useState<string>(office?.role ?? ROLES[0]);
  const [territory, setTerritory] = useState(office?.territory_id ?? territories.home() ?? 0);
  const places = useMemo(() => [...territories.all()].filter((one) => one.level !== "neighbourhood" && territories.isInScope(one.id)), [territories]);
  const people = accounts.data?.items.filter((one) => one.kind === "person" && one.is_active && one.id !== me.account.id) ?? [];
  const send = () => sending.send("POST", "/api/oversight/appointments", { account_id: account, role, territory_id: territory, change: asked.change }, onDone);
  return (
    <CommandForm
      title={office ? t("appoint.remove_title") : t("appoint.ask")}
      submit={t("appoint.send")}
      sending={sending}
      canSubmit={account !== ""}
      onSubmit={send}
      onReload={accounts.reload}
      onClose={onClose}
    >
      <p className="notice">{t("appoint.second_note")}</p>
      {office ? (
        <p>{t("appoint.take", { name: office.account.name, role: roleName(office.role, t), territory: names.territory(office.territory_id) ?? String(office.territory_id) })}</p>
      ) : (
        <>
          {accounts.error !== null && <Problem error={accounts.error} onReload={accounts.reload} />}
          <label className="field">
            <span>{t("appoint.account")}</span>
            <select className="select" value={account} onChange={(event) => setAccount(event.target.value)} required>
              <option value="">{t("appoint.choose")}</option>
              {people.map((one) => (
                <option key={one.id} value={one.id}>{`${one.display_name} (${one.login})`}</option>
              ))}
            </select>
          </label>
          <label className="field">
            <span>{t("appoint.role")}</span>
            <select className="select" value={role} onChange={(event) => setRole(event.target.value)}>
              {ROLES.map((one) => (
                <option key={one} value={one}>
                  {roleName(one, t)}
                </option>
              ))}
            </select>
          </label>
          <label className="field">
            <span>{t("facts.territory")}</span>
            <select className="select" value={territory} onChange={(event) => setTerritory(Number(event.target.value))}>
              {places.map((one) => (
                <option key={one.id} value={one.id}>{`${names.territory(one.id) ?? one.code} (${names.level(one.level)})`}</option>
              ))}
            </select>
          </label>
        </>
      )}
    </CommandForm>
  );
}
