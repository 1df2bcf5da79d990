import { useState } from "react";
import { useWords } from "../context";
import type { Key } from "../i18n/messages";
import { Dialog } from "./dialog";
import { keysAreOn, turnKeys } from "./keys";

const KEYS: readonly [string, ...Key[]][] = [
  ["F2", "keys.new_call"],
  ["F4", "keys.send_units", "keys.recommend"],
  ["N", "keys.new"],
  ["J", "keys.next"],
  ["K", "keys.previous"],
  ["Enter", "keys.open"],
  ["O", "keys.take_over"],
  ["P", "keys.purpose"],
  ["G", "keys.glass"],
  ["F8", "keys.next_alarm"],
  ["F9", "keys.acknowledge"],
  ["F", "keys.search"],
  ["/", "keys.command"],
  ["?", "keys.help"],
  ["Esc", "keys.escape"],
];

export function KeysDialog({ onClose }: { onClose: () => void }) {
  const { t } = useWords();
  const [on, setOn] = useState(keysAreOn);
  return (
    <Dialog title={t("keys.title")} onClose={onClose}>
      <table className="plain keys-list">
        <tbody>
          {KEYS.map(([key, ...labels]) => (
            <tr key={key}>
              <th scope="row">
                <kbd className="kbd">{key}</kbd>
              </th>
              <td>
                {labels.map((label) => (
                  <p key={label}>{t(label)}</p>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="quiet">{t("keys.physical")}</p>
      <label className="check">
        <input
          type="checkbox"
          checked={on}
          onChange={(event) => {
            turnKeys(event.target.checked);
            setOn(event.target.checked);
          }}
        />
        {t("keys.on")}
      </label>
    </Dialog>
  );
}
