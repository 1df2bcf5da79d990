/** Sends a free unit instead of one that has not arrived: one act, so that nobody is left without a unit between two. */
import { useId, useState } from "react";
import type { AssignedUnit, UnitView } from "../../api/types";
import { useLive, useWords } from "../../context";
import { derived } from "../../live/derived";

const MOST_OFFERED = 200;
const freeUnits = derived(["units"], (store) => [...store.units.values()].filter((unit) => unit.status === "available"));

interface Props {
  /** By id: the units of the incident that have not arrived. */
  units: [string, AssignedUnit][];
  isOff: boolean;
  onSwap: (outId: string, inId: string) => void;
}

export function SwapLine({ units, isOff, onSwap }: Props) {
  const { t, f } = useWords();
  const list = useId();
  const free: UnitView[] = useLive("units", freeUnits);
  const [out, setOut] = useState("");
  const [typed, setTyped] = useState("");
  const outId = units.some(([id]) => id === out) ? out : units[0]![0];
  const same = free.filter((unit) => unit.call_sign.toLocaleLowerCase() === typed.trim().toLocaleLowerCase());
  // Two of one call sign (one of them lent): sending by name would be a guess.
  const into = same.length === 1 ? same[0]! : null;
  const swap = () => {
    if (!into) return;
    onSwap(outId, into.id);
    setTyped("");
  };
  return (
    <div className="action-line">
      <label className="small">
        {t("swap.instead_of")}{" "}
        <select value={outId} onChange={(event) => setOut(event.target.value)}>
          {units.map(([id, unit]) => (
            <option key={id} value={id}>
              {unit.call_sign}
            </option>
          ))}
        </select>
      </label>
      <label className="small">
        {t("swap.send")}{" "}
        <input list={list} size={10} value={typed} maxLength={20} autoComplete="off" dir="auto" aria-invalid={typed.trim() !== "" && !into} onChange={(event) => setTyped(event.target.value)} />
      </label>
      <datalist id={list}>
        {[...free].sort((a, b) => f.compare(a.call_sign, b.call_sign)).slice(0, MOST_OFFERED).map((unit) => (
          <option key={unit.id} value={unit.call_sign} />
        ))}
      </datalist>
      <button type="button" className="button is-small" disabled={isOff || !into} onClick={swap}>
        {t("swap.do")}
      </button>
      {typed.trim() !== "" && !into && <span className="quiet small">{t("swap.not_free")}</span>}
    </div>
  );
}
