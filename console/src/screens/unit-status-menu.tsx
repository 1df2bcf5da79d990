/** Sets what a unit does between incidents; what follows from an incident is set there. */
import { useState } from "react";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import type { UnitStatusRequest } from "../api/contract-check";
import type { UnitStatus, UnitView } from "../api/types";
import { useWords } from "../context";
import { Dialog } from "../ui/dialog";
import { StatusMark } from "../ui/marks";
import { Problem } from "../ui/problem";
import { useCommand } from "../ui/use-command";

const SETTABLE = ["available", "busy", "out_of_service", "off_duty"] as const satisfies readonly UnitStatus[];

export function UnitStatusMenu({ unit }: { unit: UnitView }) {
  const { t } = useWords();
  const sending = useCommand();
  const [shown, setShown] = useState(true);
  const set = (status: UnitStatus) => {
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
            {SETTABLE.filter((status) => status !== unit.status).map((status) => (
              <MenuItem key={status} id={status} textValue={t(`status.${status}`)} className="menu-item">
                <StatusMark status={status} />
              </MenuItem>
            ))}
          </Menu>
        </Popover>
      </MenuTrigger>
      {sending.error !== null && shown && (
        <Dialog title={unit.call_sign} onClose={() => setShown(false)}>
          <Problem error={sending.error} onReload={() => setShown(false)} onRetry={sending.retry} />
        </Dialog>
      )}
    </>
  );
}
