/**
 * What is known beside the incident itself: hazards near its place, the history of the place, its further calls. Every look is recorded
 * on the server: hazards are read when the card is opened, the other two only when somebody asks for them.
 */
import { useState } from "react";
import { Mark } from "../../access/mark";
import type { Calls, Hazard } from "../../api/calls";
import type { IncidentView } from "../../api/types";
import { read } from "../../api/client";
import { may } from "../../api/permissions";
import { useNames, useSession, useWords } from "../../context";
import { Problem } from "../../ui/problem";
import { useRead, type Reading } from "../../ui/use-read";
import { HazardList, History } from "../new-incident/knowledge";
import { HazardDialog, WithdrawDialog } from "./hazard-dialogs";
import { RuleWords, Telephone } from "./safety";

export type Hazards = Reading<{ items: Hazard[] }>;

const readHazards = (path: string, signal: AbortSignal) => read<{ items: Hazard[] }>(path.split("#", 1)[0]!, signal);

/** `maySee`: the card was opened by somebody who may read its names. A place that changes is looked at anew. */
export function useHazards(incident: IncidentView | null, maySee: boolean): Hazards {
  const at = incident?.place ? `${incident.place.lon},${incident.place.lat}` : "";
  return useRead(incident && maySee && at !== "" ? `/api/hazards?incident=${incident.id}#${at}` : null, readHazards);
}

/** Above everything else of the card, where there is something: whoever goes there must be told. */
export function HazardBanner({ hazards }: { hazards: Hazards }) {
  const { t } = useWords();
  const { me } = useSession();
  const [ended, setEnded] = useState<Hazard | null>(null);
  if (hazards.error !== null) return <p className="notice is-warning">{t("known.hazards_unread")}</p>;
  if (!hazards.data || hazards.data.items.length === 0) return null;
  return (
    <section className="known" aria-labelledby="hazards-title">
      <h3 id="hazards-title">{t("call.hazards")}</h3>
      <HazardList items={hazards.data.items} onWithdraw={may(me, "hazard") ? setEnded : undefined} />
      {ended && <WithdrawDialog note={ended} onReload={hazards.reload} onClose={() => setEnded(null)} />}
    </section>
  );
}

export function Known({ incident, hazards }: { incident: IncidentView; hazards: Hazards }) {
  const { t } = useWords();
  const { me } = useSession();
  const [shown, setShown] = useState({ history: false, calls: false });
  const [isWriting, setWriting] = useState(false);
  const toggle = (what: keyof typeof shown) => setShown((held) => ({ ...held, [what]: !held[what] }));
  const place = incident.place;
  return (
    <section className="known" aria-labelledby="known-title">
      <h3 id="known-title">{t("known.title")}</h3>
      {place === null && <p className="quiet">{t("known.no_place")}</p>}
      {hazards.data?.items.length === 0 && <p className="quiet">{t("known.no_hazards")}</p>}
      <p className="known-acts">
        {place !== null && may(me, "hazard") && (
          <button type="button" className="button is-small" onClick={() => setWriting(true)}>
            {t("known.add_hazard")}
          </button>
        )}
        {place !== null && (
          <button type="button" className="button is-small" aria-expanded={shown.history} onClick={() => toggle("history")}>
            {t("call.history")}
          </button>
        )}
        <button type="button" className="button is-small" aria-expanded={shown.calls} onClick={() => toggle("calls")}>
          {t("call.calls", { n: incident.calls })}
        </button>
      </p>
      {shown.history && place !== null && <History key={`${place.lon} ${place.lat}`} purpose={`incident=${incident.id}`} level={3} />}
      {shown.calls && <CallList key={incident.calls} incident={incident} />}
      {isWriting && place !== null && <HazardDialog place={place} onReload={hazards.reload} onClose={() => setWriting(false)} />}
    </section>
  );
}

function CallList({ incident }: { incident: IncidentView }) {
  const { t, f } = useWords();
  const names = useNames();
  const { data, error } = useRead<Calls>(`/api/incidents/${incident.id}/calls`);
  if (error !== null) return <Problem error={error} />;
  if (!data) return <p className="quiet">{t("app.loading")}</p>;
  return (
    <>
      <ol className="parties">
        {data.items.map((call) => (
          <li key={call.id}>
            <p>
              <span className="num">{f.full(call.received_at)}</span> · <bdi>{names.channel(call.channel)}</bdi>
              {call.by && (
                <>
                  {" "}· <bdi className="quiet">{call.by}</bdi>
                </>
              )}
              {call.is_first && <span className="quiet"> · {t("known.first_call")}</span>}
              {call.reference && <bdi className="quiet num"> · {call.reference}</bdi>}
              {call.entered_via !== "console" && <span className="quiet"> · {t(`late.via.${call.entered_via}`)}</span>}
            </p>
            {call.erased || call.restricted ? (
              <p className="quiet">{t(call.erased ? "parties.erased" : "sealed.restricted")}</p>
            ) : (
              call.caller && (
                <p className="outside-text" dir="auto">
                  {[call.caller["caller_name"], call.caller["address"], call.caller["text"]].filter(Boolean).join(" · ")}{" "}
                  {call.caller["caller_phone"] && <Telephone number={call.caller["caller_phone"]} rules={call.binding} incident={incident} />}
                </p>
              )
            )}
            {!call.caller?.["caller_phone"] && call.safe_contact.length > 0 && (
              <strong className="wrong">
                <RuleWords rules={call.safe_contact} />
              </strong>
            )}
          </li>
        ))}
      </ol>
      <Mark access={data.access} />
    </>
  );
}
