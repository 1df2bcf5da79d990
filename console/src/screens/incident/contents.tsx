/** Parties, vehicles, photos and links of an incident, as the opened card shows them. */
import { useState, type ReactNode } from "react";
import { Link } from "react-router";
import { may } from "../../api/permissions";
import type { Contents as Held, Party, Vehicle } from "../../api/contents";
import type { IncidentView } from "../../api/types";
import { useNames, useSession, useWords } from "../../context";
import { Problem } from "../../ui/problem";
import type { Reading } from "../../ui/use-read";
import { PartyDialog } from "./party-dialog";
import { Photos } from "./photos";
import { RuleWords, Telephone } from "./safety";
import { VehicleDialog } from "./vehicle-dialog";

type Asked = { party?: Party } | { vehicle?: Vehicle } | null;

export function Contents({ incident, reading, onReload }: { incident: IncidentView; reading: Reading<Held>; onReload: () => void }) {
  const { t } = useWords();
  const { me } = useSession();
  const [asked, setAsked] = useState<Asked>(null);
  const held = reading.data;
  if (reading.error !== null) return <Problem error={reading.error} />;
  if (!held) return <p className="quiet">{t("app.loading")}</p>;
  const canAdd = may(me, "change");
  // A purpose may show some of it and not the rest: what is not shown must not read as if there were none.
  const isShown = (data: string) => held.access?.classes.includes(data) ?? true;
  const notShown = <p className="quiet">{t("look.not_for_purpose")}</p>;
  return (
    <>
      {held.sealed && (
        <>
          <section aria-labelledby="parties-title">
            <h3 id="parties-title">{t("parties.title")}</h3>
            {!isShown("party") ? notShown : held.parties.length === 0 && <p className="quiet">{t("parties.none")}</p>}
            <ul className="parties">
              {held.parties.map((party) => (
                <PartyRow key={party.id} party={party} incident={incident} onCorrect={canAdd ? () => setAsked({ party }) : undefined} />
              ))}
            </ul>
            {canAdd && <AddButton onPress={() => setAsked({ party: undefined } as Asked)}>{t("parties.add")}</AddButton>}
          </section>
          <div className="card-columns">
            <section aria-labelledby="vehicles-title">
              <h3 id="vehicles-title">{t("vehicles.title")}</h3>
              {!isShown("vehicle") ? notShown : held.vehicles.length === 0 && <p className="quiet">{t("vehicles.none")}</p>}
              <ul className="parties">
                {held.vehicles.map((vehicle) => (
                  <VehicleRow key={vehicle.id} vehicle={vehicle} onCorrect={canAdd ? () => setAsked({ vehicle }) : undefined} />
                ))}
              </ul>
              {canAdd && <AddButton onPress={() => setAsked({ vehicle: undefined } as Asked)}>{t("vehicles.add")}</AddButton>}
            </section>
            {isShown("attachment") ? <Photos incident={incident} photos={held.attachments} canAdd={canAdd} onReload={onReload} /> : <section><h3>{t("photos.title")}</h3>{notShown}</section>}
          </div>
        </>
      )}
      <Links held={held} />
      {asked && "party" in asked && <PartyDialog incident={incident} {...(asked.party ? { party: asked.party } : {})} onReload={onReload} onClose={() => setAsked(null)} />}
      {asked && "vehicle" in asked && <VehicleDialog incident={incident} {...(asked.vehicle ? { vehicle: asked.vehicle } : {})} onReload={onReload} onClose={() => setAsked(null)} />}
    </>
  );
}

function AddButton({ onPress, children }: { onPress: () => void; children: ReactNode }) {
  return (
    <button type="button" className="button is-small" onClick={onPress}>
      {children}
    </button>
  );
}

function PartyRow({ party, incident, onCorrect }: { party: Party; incident: IncidentView; onCorrect: (() => void) | undefined }) {
  const { t } = useWords();
  return (
    <li>
      <p>
        <strong>{t(`parties.role.${party.role}`)}</strong>
        {party.is_minor && (
          <>
            {" "}
            <span className="flag">⚑ {t("parties.minor")}</span>
          </>
        )}{" "}
        {party.erased || party.restricted ? <span className="quiet">{t(party.erased ? "parties.erased" : "sealed.restricted")}</span> : party.is_unknown ? <em>{t("parties.unknown")}</em> : <bdi className="outside-text">{party.name ?? t("unknown")}</bdi>}
        {party.born_year && <span className="quiet num"> ({party.born_year})</span>} {party.phone && <Telephone number={party.phone} rules={party.binding} incident={incident} />}{" "}
        {!party.phone && party.safe_contact.length > 0 && (
          <strong className="wrong">
            <RuleWords rules={party.safe_contact} />
          </strong>
        )}
        <Corrections earlier={party.earlier.map((one) => one.restricted ? t("sealed.restricted") : [one.name, one.phone, one.fact, one.opinion].filter(Boolean).join(" · "))} onCorrect={party.restricted ? undefined : onCorrect} />
      </p>
      {party.address && <p className="outside-text" dir="auto">{party.address}</p>}
      {party.fact && (
        <p className="outside-text" dir="auto">
          <span className="quiet">{t("parties.fact")}:</span> {party.fact}
        </p>
      )}
      {party.opinion && (
        <p className="outside-text is-opinion" dir="auto">
          <span className="quiet">{t("parties.opinion")}:</span> {party.opinion}
        </p>
      )}
    </li>
  );
}

function VehicleRow({ vehicle, onCorrect }: { vehicle: Vehicle; onCorrect: (() => void) | undefined }) {
  const { t } = useWords();
  return (
    <li>
      <p>
        <strong>{t(`vehicles.role.${vehicle.role}`)}</strong>{" "}
        {vehicle.erased || vehicle.restricted ? <span className="quiet">{t(vehicle.erased ? "parties.erased" : "sealed.restricted")}</span> : <bdi className="outside-text">{[vehicle.plate, vehicle.description].filter(Boolean).join(" · ")}</bdi>}
        <Corrections earlier={vehicle.earlier.map((one) => [one.plate, one.description].filter(Boolean).join(" · "))} onCorrect={onCorrect} />
      </p>
    </li>
  );
}

/** That it was otherwise before, readable on demand, and the way to set it right. */
function Corrections({ earlier, onCorrect }: { earlier: string[]; onCorrect: (() => void) | undefined }) {
  const { t } = useWords();
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      {earlier.length > 0 && (
        <button type="button" className="button is-quiet is-small" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {t("parties.earlier", { n: earlier.length })}
        </button>
      )}
      {onCorrect && (
        <button type="button" className="button is-quiet is-small" onClick={onCorrect}>
          {t("parties.correct")}
        </button>
      )}
      {isOpen &&
        earlier.map((text, index) => (
          <s key={index} className="quiet outside-text earlier">
            <bdi>{text || t("parties.erased")}</bdi>
          </s>
        ))}
    </>
  );
}

function Links({ held }: { held: Held }) {
  const { t } = useWords();
  const names = useNames();
  const isEmpty = held.links.length + held.merged_here.length + held.shut_out.length === 0;
  if (isEmpty) return null;
  return (
    <section aria-labelledby="links-title">
      <h3 id="links-title">{t("links.title")}</h3>
      <ul>
        {held.links.map((link) => (
          <li key={`${link.id}.${link.kind}`}>
            {t(`links.kind.${link.kind}`)}: {link.seen ? <Link to={`/incidents/${link.id}`}>{link.number}</Link> : link.number}{" "}
            <span className="quiet">{link.category ? names.category(link.category) : t("links.elsewhere")}</span>
          </li>
        ))}
        {held.merged_here.map((one) => (
          <li key={one.id}>
            {t("links.kind.merged")}: <Link to={`/incidents/${one.id}`}>{one.number}</Link>
          </li>
        ))}
        {held.shut_out.map((one) => (
          <li key={one.territory_id} className="notice is-warning">
            {t("links.shut_out", { post: names.territory(one.territory_id) ?? String(one.territory_id), ground: t(`shut_out.ground.${one.ground}`) })}
          </li>
        ))}
      </ul>
    </section>
  );
}
