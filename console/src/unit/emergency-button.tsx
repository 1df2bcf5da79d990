/** The emergency button: two presses within four seconds, so that a pocket does not call for help and a hand in trouble does. */
import { useEffect, useState } from "react";
import { isUnsent, type Report } from "./outbox";
import type { Phone } from "./field";
import { useUnitWords } from "./words";

const ARMED_MS = 4_000;
const SHOWN_MS = 15 * 60_000;

/** `isEnded`: the session is over. The button stays, and says what else to do when the centre does not take it. */
export function EmergencyButton({ phone, reports, isEnded = false }: { phone: Phone; reports: readonly Report[]; isEnded?: boolean }) {
  const { t, f } = useUnitWords();
  const [isArmed, setArmed] = useState(false);
  useEffect(() => {
    if (!isArmed) return;
    const timer = setTimeout(() => setArmed(false), ARMED_MS);
    return () => clearTimeout(timer);
  }, [isArmed]);
  const last = [...reports].reverse().find((report) => report.kind === "emergency" && Date.now() - Date.parse(report.at) < SHOWN_MS);
  const press = () => {
    if (!isArmed) {
      setArmed(true);
      return;
    }
    setArmed(false);
    navigator.vibrate?.(500);
    // A phone whose disk refuses sends it all the same, and shows it as not sent until it is.
    void phone.say({ kind: "emergency" }).catch(() => undefined);
  };
  return (
    <section className="unit-emergency" aria-label={t("unit.kind.emergency")}>
      {last && (
        <p role="alert" className={isUnsent(last) || last.refusal !== null ? "is-unsent" : "is-sent"}>
          {isUnsent(last) || last.refusal !== null ? t(isEnded ? "unit.emergency_sign_in" : "unit.emergency_not_sent") : t("unit.emergency_sent", { time: f.clock(last.at) })}
        </p>
      )}
      <button type="button" className={`unit-sos ${isArmed ? "is-armed" : ""}`} onClick={press}>
        {isArmed ? t("unit.emergency_again") : t("unit.emergency")}
      </button>
    </section>
  );
}
