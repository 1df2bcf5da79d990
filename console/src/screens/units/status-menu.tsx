/** Sets what a unit does between incidents; what follows from an incident is set there. A unit that is busy or out of service says why. */
import { useState } from "react";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import type { UnitStatusRequest } from "../../api/contract-check";
import type { UnitStatus, UnitView } from "../../api/types";
import { useSession, useWords } from "../../context";
import { Choices } from "../../ui/choices";
import { Dialog } from "../../ui/dialog";
import { StatusMark } from "../../ui/marks";
import { Problem } from "../../ui/problem";
import { useCommand } from "../../ui/use-command";
import { CommandForm } from "../incident/command-form";
import { useCodeNames } from "./code-names";

const SETTABLE = ["available", "busy", "out_of_service", "off_duty"] as const satisfies readonly UnitStatus[];
/** What the table of reasons is for; another status needs none. */
const NEEDS_REASON: ReadonlySet<UnitStatus> = new Set<UnitStatus>(["busy", "out_of_service"]);

export function UnitStatusMenu({ unit }: { unit: UnitView }) {
  const { t } = useWords();
  const sending = useCommand();
  const [shown, setShown] = useState(true);
  const [asks, setAsks] = useState<UnitStatus | null>(null);
  const set = (status: UnitStatus) => {
    if (NEEDS_REASON.has(status)) return setAsks(status);
    setShown(true);
    sending.send("POST", `/api/units/${unit.id}/status`, { status, version: unit.version } satisfies UnitStatusRequest);
  };
  return (
    <>
      <MenuTrigger>
        <Button className="button is-quiet is-small status-button" isDisabled={sending.busy} aria-label={`${t(`status.${unit.status}`)}: ${t("units.set_status", { unit: unit.call_sign })}`}>
          <StatusMark status={unit.status} /> <span aria-hidden="true">▾</span>
        </Button>
        <Popover className="popover">
          <Menu className="menu" onAction={(key) => set(key as UnitStatus)}>
            {SETTABLE.filter((status) => status !== unit.status || NEEDS_REASON.has(status)).map((status) => (
              <MenuItem key={status} id={status} textValue={t(`status.${status}`)} className="menu-item">
                <StatusMark status={status} /> {NEEDS_REASON.has(status) && "…"}
              </MenuItem>
            ))}
          </Menu>
        </Popover>
      </MenuTrigger>
      {asks !== null && <ReasonDialog unit={unit} status={asks} onClose={() => setAsks(null)} />}
      {sending.error !== null && shown && (
        <Dialog title={unit.call_sign} onClose={() => setShown(false)}>
          <Problem error={sending.error} onReload={() => setShown(false)} onRetry={sending.retry} />
        </Dialog>
      )}
    </>
  );
}

function ReasonDialog({ unit, status, onClose }: { unit: UnitView; status: UnitStatus; onClose: () => void }) {
  const { t } = useWords();
  const { codes } = useSession();
  const names = useCodeNames();
  const sending = useCommand();
  const [reason, setReason] = useState<string | null>(unit.status === status ? unit.reason : null);
  const body = { status, version: unit.version, reason } satisfies UnitStatusRequest;
  return (
    <CommandForm
      title={`${unit.call_sign}: ${t(`status.${status}`)}`} submit={t("action.save")} sending={sending} canSubmit={reason !== null} onReload={onClose} onClose={onClose}
      onSubmit={() => sending.send("POST", `/api/units/${unit.id}/status`, body, onClose)}
    >
      <Choices legend={t("crew.why")} name="reason" values={codes.status_reasons.map(({ code }) => code)} chosen={reason} word={names.reason} onChoose={setReason} />
    </CommandForm>
  );
}
