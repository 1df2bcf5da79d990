/** The incident card: what it is, who called, who is on it, what happened when, and what can be done next. */
import { useEffect, useState } from "react";
import { useLocation, useNavigate } from "react-router";
import { may } from "../../api/permissions";
import type { TimelineEntry } from "../../api/types";
import { useNames, useSession, useWords } from "../../context";
import { Needed, WhyButton } from "../../access/look";
import { Mark } from "../../access/mark";
import { Age, Kbd, PriorityMark } from "../../ui/marks";
import { mayTakeOver, OwnerMark, TakeOver } from "../../ui/owner-mark";
import { usePresence } from "../../ui/presence";
import { Problem } from "../../ui/problem";
import { UnitActions } from "../desk/unit-actions";
import { ChangeDialog } from "./change-dialog";
import { CloseDialog } from "./close-dialog";
import { Contents } from "./contents";
import { Facts, Sealed } from "./facts";
import { LateMark, lateClosing } from "./late-mark";
import { HazardBanner, Known, useHazards } from "./known";
import { MoreMenu } from "./more-menu";
import { Notes } from "./notes";
import { SafetyBanner } from "./safety";
import { Timeline } from "./timeline";
import { UnitStages } from "./unit-stages";
import { useCard, type CardData } from "./use-card";

const NO_ENTRIES: TimelineEntry[] = [];

interface Props {
  id: string | null;
  /** False while the queue's cursor only stands on it: coded facts are shown, nothing of the caller is read. */
  isOpened: boolean;
  onOpen: () => void;
}

export function IncidentCard({ id, isOpened, onOpen }: Props) {
  const { t } = useWords();
  const data = useCard(id, isOpened);
  return (
    <section className="panel card" aria-labelledby="card-title">
      {data.incident ? (
        <Body data={data} isOpened={isOpened} onOpen={onOpen} />
      ) : (
        <>
          <h2 id="card-title" className="sr-only">
            {t("card.title")}
          </h2>
          {data.card.error !== null ? (
            <div className="pad">
              <Problem error={data.card.error} />
            </div>
          ) : (
            <p className="empty">{id === null ? t("card.none") : t("app.loading")}</p>
          )}
        </>
      )}
    </section>
  );
}

function Body({ data, isOpened, onOpen }: { data: CardData; isOpened: boolean; onOpen: () => void }) {
  const { me } = useSession();
  const { t, f } = useWords();
  const names = useNames();
  const [dialog, setDialog] = useState<"change" | "close" | null>(null);
  const incident = data.incident!;
  const canAct = isOpened && !data.isClosed && !data.hasLeft;
  const { hash, pathname } = useLocation();
  const navigate = useNavigate();
  const asksOutcome = hash === "#outcome" && canAct && may(me, "close");
  useEffect(() => {
    if (!asksOutcome) return;
    setDialog("close");
    // Asked once: whoever closes the window and reloads the page is not asked again.
    void navigate(pathname, { replace: true });
  }, [asksOutcome, navigate, pathname]);
  const reportNumber = data.contents.data?.report_number;
  const entries = (isOpened && !data.hasLeft ? data.timeline.data?.entries : undefined) ?? NO_ENTRIES;
  const closedLate = data.isClosed ? lateClosing(entries) : undefined;
  const maySeeKnown = isOpened && !data.hasLeft && Boolean(data.card.data?.sealed);
  const access = isOpened && !data.hasLeft ? (data.card.data?.access ?? null) : null;
  const hazards = useHazards(incident, maySeeKnown);
  usePresence(isOpened && !data.hasLeft ? incident.id : null, may(me, "colleagues"));
  return (
    <>
      <header className="card-head">
        <PriorityMark code={incident.priority} />
        <div className="card-title">
          <h2 id="card-title" tabIndex={-1}>
            <bdi>{names.category(incident.category)}</bdi>
          </h2>
          <p className="quiet num">
            <bdi>{incident.number}</bdi> · {names.priority(incident.priority)} · {data.isClosed ? t("card.closed") : <Age at={incident.received.at} />} ·{" "}
            {f.full(incident.received.at, incident.received.precision)}
          </p>
          <p className="small">
            <OwnerMark incident={incident} />
          </p>
        </div>
        <div className="card-actions">
          {canAct && <TakeOver incident={incident} onReload={data.reload} />}
          {canAct && may(me, "change") && (
            <button type="button" className="button card-change" onClick={() => setDialog("change")}>
              {t("card.change")}
            </button>
          )}
          {canAct && may(me, "close") && (
            <button type="button" className="button card-close" onClick={() => setDialog("close")}>
              {t("card.close")}
            </button>
          )}
          {isOpened && !data.hasLeft && <MoreMenu data={data} />}
          {!isOpened && (
            <button type="button" className="button is-primary" onClick={onOpen}>
              {t("card.open")} <Kbd>Enter</Kbd>
            </button>
          )}
        </div>
      </header>
      <SafetyBanner incident={incident} parties={isOpened && !data.hasLeft ? (data.contents.data?.parties ?? []) : []} />
      <div className="scroll card-body">
        {data.hasLeft && (
          <p className="notice is-warning" role="status">
            {t("card.left")}
          </p>
        )}
        {data.isClosed && (
          <p className="notice" role="status">
            {incident.outcome ? t("card.closed_with", { outcome: names.outcome(incident.outcome) }) : t("card.closed_now")}
            {closedLate && <LateMark entry={closedLate} />}
            {reportNumber && (
              <>
                {" "}
                <strong>{t("card.report_number", { number: reportNumber })}</strong>
              </>
            )}
          </p>
        )}
        {maySeeKnown && <HazardBanner hazards={hazards} />}
        {access !== null && access.needed !== null && access.by === null && <Needed incidentId={incident.id} access={access} canTake={canAct && mayTakeOver(me, incident)} onOpened={data.reload} />}
        <UnitStages incident={incident} canAct={canAct} entries={entries} onReload={data.reload} />
        {canAct && <UnitActions incident={incident} onReload={data.reload} />}
        <div className="card-columns">
          <Facts incident={incident} />
          <Sealed incident={incident} isOpened={isOpened && !data.hasLeft} card={data.card} />
        </div>
        {access !== null && access.by !== null && (
          <Mark access={access}>
            <WhyButton incidentId={incident.id} />
          </Mark>
        )}
        {maySeeKnown && <Known incident={incident} hazards={hazards} />}
        {isOpened && !data.hasLeft && <Contents incident={incident} reading={data.contents} onReload={data.reload} />}
        {isOpened && !data.hasLeft && <Notes incidentId={incident.id} card={data.card} canAdd={may(me, "change")} />}
        {isOpened && !data.hasLeft && <Timeline incident={incident} reading={data.timeline} canCorrect={may(me, "correct")} onReload={data.reload} />}
      </div>
      {dialog === "change" && <ChangeDialog incident={incident} onReload={data.reload} onClose={() => setDialog(null)} />}
      {dialog === "close" && <CloseDialog incident={incident} onReload={data.reload} onClose={() => setDialog(null)} />}
    </>
  );
}
