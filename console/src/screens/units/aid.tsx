/** Help between neighbours: what is asked of this desk, what it asked, and the units that are lent, what is overdue first. */
import { useEffect, useState } from "react";
import type { ReturnRequest } from "../../api/contract-check";
import type { AidOverview, AidRequest, LentUnit } from "../../api/crews";
import { useNames, useSession, useWords } from "../../context";
import { Age, StatusMark } from "../../ui/marks";
import { Problem } from "../../ui/problem";
import { useCommand, type Sending } from "../../ui/use-command";
import { useRead } from "../../ui/use-read";
import { AnswerDialog, AskDialog } from "./aid-dialogs";
import { useCodeNames } from "./code-names";
import { useTerritoryName } from "./neighbours";
import { UnitsTabs } from "./units-tabs";

const LOOK_MS = 15_000;

export function AidScreen() {
  const { t } = useWords();
  const { territories } = useSession();
  const aid = useRead<AidOverview>("/api/aid");
  const sending = useCommand();
  const [isAsking, setIsAsking] = useState(false);
  const [answered, setAnswered] = useState<AidRequest | null>(null);
  const { reload } = aid;
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && reload(), LOOK_MS);
    return () => clearInterval(timer);
  }, [reload]);
  const requests = aid.data?.requests ?? [];
  const incoming = requests.filter((one) => territories.isInScope(one.from_territory_id)).sort(openFirst);
  const outgoing = requests.filter((one) => !territories.isInScope(one.from_territory_id)).sort(openFirst);
  const again = () => {
    sending.clear();
    reload();
  };
  const close = () => {
    setIsAsking(false);
    setAnswered(null);
    reload();
  };
  return (
    <div className="page aid">
      <header className="page-head">
        <h1>{t("aid.title")}</h1>
        <UnitsTabs />
        <button type="button" className="button is-primary" onClick={() => setIsAsking(true)}>
          {t("aid.ask")}
        </button>
      </header>
      {aid.error !== null && <Problem error={aid.error} onRetry={reload} />}
      {sending.error !== null && <Problem error={sending.error} onReload={again} onRetry={sending.retry} />}
      <Requests title={t("aid.incoming")} items={incoming} aid={aid.data} onAnswer={setAnswered} />
      <Requests
        title={t("aid.outgoing")} items={outgoing} aid={aid.data}
        onWithdraw={(one) => sending.send("POST", `/api/aid-requests/${one.id}/withdrawal`, { version: one.version } satisfies ReturnRequest, reload)}
      />
      <Lent aid={aid.data} sending={sending} onDone={reload} />
      {isAsking && <AskDialog aid={aid.data} onClose={close} />}
      {answered !== null && <AnswerDialog request={answered} aid={aid.data} onClose={close} />}
    </div>
  );
}

function openFirst(a: AidRequest, b: AidRequest): number {
  return Number(b.state === "open") - Number(a.state === "open") || (a.state === "open" ? a.until.localeCompare(b.until) : b.asked_at.localeCompare(a.asked_at));
}

interface ListProps {
  title: string;
  items: AidRequest[];
  aid: AidOverview | null;
  onAnswer?: (request: AidRequest) => void;
  onWithdraw?: (request: AidRequest) => void;
}

function Requests({ title, items, aid, onAnswer, onWithdraw }: ListProps) {
  const { t, f } = useWords();
  const names = useNames();
  const words = useCodeNames();
  const place = useTerritoryName(aid);
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {items.length === 0 && <p className="quiet">{aid ? t("aid.none") : t("app.loading")}</p>}
      <ul className="plain-list">
        {items.map((one) => (
          <li key={one.id} className="swap">
            <span>
              <b className={one.state === "open" ? "not-on" : "quiet"}>{t(`aid.state.${one.state}`)}</b>
              {one.refusal && <> ({words.refusal(one.refusal)})</>}: <bdi>{place(one.territory_id)}</bdi> ← <bdi>{place(one.from_territory_id)}</bdi>, {names.kind(one.kind)} <b className="num">{t("aid.given", { lent: one.lent, count: one.count })}</b>,{" "}
              {t("aid.until", { until: f.full(one.until, "minute") })}, {words.lendReason(one.reason)} <Age at={one.asked_at} className="quiet" />
            </span>
            {one.state === "open" && onAnswer && (
              <button type="button" className="button is-primary" onClick={() => onAnswer(one)}>
                {t("aid.answer")}
              </button>
            )}
            {one.state === "open" && onWithdraw && (
              <button type="button" className="button" onClick={() => onWithdraw(one)}>
                {t("aid.withdraw")}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Lent({ aid, sending, onDone }: { aid: AidOverview | null; sending: Sending; onDone: () => void }) {
  const { t, f } = useWords();
  const { territories } = useSession();
  const place = useTerritoryName(aid);
  const units = [...(aid?.lent ?? [])].sort((a, b) => Number(b.is_overdue) - Number(a.is_overdue) || a.lent.until.localeCompare(b.lent.until));
  const back = (unit: LentUnit) => sending.send("POST", `/api/units/${unit.id}/return`, { version: unit.version } satisfies ReturnRequest, onDone);
  return (
    <section aria-label={t("aid.lent")}>
      <h2>{t("aid.lent")}</h2>
      {aid && units.length === 0 && <p className="quiet">{t("aid.none_lent")}</p>}
      <ul className="plain-list">
        {units.map((unit) => (
          <li key={unit.id} className="swap">
            <span>
              {unit.is_overdue && <b className="wrong">▲ {t("lend.overdue")} </b>}
              <b>
                <bdi>{unit.call_sign}</bdi>
              </b>{" "}
              <bdi>{place(unit.lent.home_territory_id)}</bdi> → <bdi>{place(unit.territory_id)}</bdi>, {t("aid.until", { until: f.full(unit.lent.until, "minute") })} <StatusMark status={unit.status} />
            </span>
            {unit.incident_id === null && (
              <button type="button" className="button" disabled={sending.busy} onClick={() => back(unit)}>
                {t(territories.isInScope(unit.lent.home_territory_id) ? "lend.call_back" : "lend.back")}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
