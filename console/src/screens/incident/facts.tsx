import { Link } from "react-router";
import type { Sealed as SealedData } from "../../api/contents";
import type { IncidentCard, IncidentView } from "../../api/types";
import { useNames, useSession, useWords } from "../../context";
import { en } from "../../i18n/en";
import type { Key } from "../../i18n/messages";
import { ConfidenceMark } from "../../ui/place-marks";
import { Problem } from "../../ui/problem";
import type { Reading } from "../../ui/use-read";
import { Telephone } from "./safety";

export function Facts({ incident }: { incident: IncidentView }) {
  const { t, f, name } = useWords();
  const { territories } = useSession();
  const names = useNames();
  const path = territories.path(incident.territory_id);
  return (
    <section aria-labelledby="facts-title">
      <h3 id="facts-title">{t("facts.title")}</h3>
      <dl className="facts">
        <dt>{t("facts.territory")}</dt>
        <dd>
          {path.length === 0
            ? t("unknown")
            : path.slice(-3).map((territory, index) => (
                <span key={territory.id}>
                  {index > 0 && " › "}
                  <Link to={`/map/${territory.id}`}>
                    <bdi>{name(territory.names, territory.code)}</bdi>
                  </Link>
                </span>
              ))}
        </dd>
        <dt>{t("facts.place")}</dt>
        <dd className="num">
          {incident.place_label && (
            <>
              <bdi className="outside-text">{incident.place_label}</bdi>
              <br />
            </>
          )}
          {incident.place ? f.coordinates(incident.place.lon, incident.place.lat) : t("unknown")}
          {incident.place && <br />}
          {incident.place && <ConfidenceMark confidence={incident.confidence} accuracy_m={incident.accuracy_m} />}
        </dd>
        <dt>{t("facts.channel")}</dt>
        <dd>
          <bdi>{names.channel(incident.channel)}</bdi>
        </dd>
        <dt>{t("facts.received")}</dt>
        <dd className="num">
          {f.full(incident.received.at, incident.received.precision)}
          {incident.received.precision !== "second" && <span className="quiet"> ({t(`precision.${incident.received.precision}`)})</span>}
        </dd>
        {incident.source && (
          <>
            <dt>{t("facts.source")}</dt>
            <dd>
              <bdi>{incident.source}</bdi>
            </dd>
          </>
        )}
        {incident.flags.length > 0 && (
          <>
            <dt>{t("facts.flags")}</dt>
            <dd>
              {incident.flags.map((flag) => (
                <Flag key={flag} flag={flag} />
              ))}
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}

function Flag({ flag }: { flag: string }) {
  const { t } = useWords();
  const key = `flag.${flag}`;
  return (
    <span className="flag">
      ⚑ <bdi>{key in en ? t(key as Key) : flag}</bdi>
    </span>
  );
}

/** Who called and from where: read only when the card is opened, and every reading is recorded. */
export function Sealed({ incident, isOpened, card }: { incident: IncidentView; isOpened: boolean; card: Reading<IncidentCard> }) {
  const { t } = useWords();
  return (
    <section aria-labelledby="sealed-title">
      <h3 id="sealed-title">{t("sealed.title")}</h3>
      {!isOpened && <p className="quiet">{t("sealed.closed")}</p>}
      {isOpened && card.error !== null && <Problem error={card.error} />}
      {isOpened && card.error === null && !card.data && <p className="quiet">{t("app.loading")}</p>}
      {isOpened && card.data && (card.data.sealed ? <SealedFields sealed={card.data.sealed} incident={incident} /> : <p className="quiet">{t(card.data.access?.needed === "purpose" ? "look.needed" : "sealed.no_right")}</p>)}
      {isOpened && card.data?.sealed && <p className="quiet small">{t("sealed.recorded")}</p>}
    </section>
  );
}

function SealedFields({ sealed, incident }: { sealed: SealedData; incident: IncidentView }) {
  const { t } = useWords();
  if (sealed.erased) return <p className="notice">{t("sealed.erased")}</p>;
  // Of several callers one may be held back: what is missing then is not unknown.
  const missing = t(sealed.restricted ? "sealed.restricted" : "unknown");
  const show = (text: string | null | undefined) =>
    text ? (
      <dd dir="auto" className="outside-text">
        {text}
      </dd>
    ) : (
      <dd className="quiet">{missing}</dd>
    );
  return (
    <dl className="facts">
      <dt>{t("sealed.caller_name")}</dt>
      {show(sealed.caller_name)}
      <dt>{t("sealed.caller_phone")}</dt>
      {sealed.caller_phone ? (
        <dd>
          <Telephone number={sealed.caller_phone} rules={sealed.safe_contact ?? []} incident={incident} />
        </dd>
      ) : (
        show(null)
      )}
      <dt>{t("sealed.address")}</dt>
      {show(sealed.address)}
    </dl>
  );
}
