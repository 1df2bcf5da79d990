/** Which unit is this officer with? Position is shared only from here on. */
import { useEffect, useState } from "react";
import { ApiError, read } from "../api/client";
import type { UnitView } from "../api/types";
import type { Phone } from "./field";
import { useUnitWords } from "./words";

export function LogOn({ phone }: { phone: Phone }) {
  const { t, code } = useUnitWords();
  const [units, setUnits] = useState<UnitView[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [wanted, setWanted] = useState("");
  useEffect(() => {
    const leave = new AbortController();
    read<{ items: UnitView[] }>("/api/units/loggable", leave.signal)
      .then(({ items }) => setUnits(items))
      .catch((error: unknown) => !leave.signal.aborted && setProblem(error instanceof ApiError ? error.body.message : t("problem.unreachable")));
    return () => leave.abort();
  }, [t]);
  const logOn = (unit: UnitView) => {
    setProblem(null);
    phone.logOn(unit, unit.skills).catch((error: unknown) => setProblem(error instanceof ApiError ? error.body.message : t("problem.unreachable")));
  };
  const shown = (units ?? []).filter((unit) => unit.call_sign.toLowerCase().includes(wanted.trim().toLowerCase()));
  return (
    <main className="unit-main">
      <h1>{t("unit.which")}</h1>
      <p className="quiet">{t("unit.sharing")}</p>
      {problem && <p className="problem" role="alert"><bdi>{problem}</bdi></p>}
      {units === null && !problem && <p className="quiet">{t("app.loading")}</p>}
      {units?.length === 0 && <p>{t("unit.none_free")}</p>}
      {units !== null && units.length > 8 && (
        <label className="field">
          <span>{t("unit.find")}</span>
          <input value={wanted} onChange={(event) => setWanted(event.target.value)} />
        </label>
      )}
      <ul className="unit-list">
        {shown.slice(0, 50).map((unit) => (
          <li key={unit.id}>
            <button type="button" className="button unit-big" onClick={() => logOn(unit)}>
              <b dir="auto">{unit.call_sign}</b> <small>{code(phone.current.known?.codes.unit_kinds, unit.kind)}</small>
            </button>
          </li>
        ))}
      </ul>
    </main>
  );
}
