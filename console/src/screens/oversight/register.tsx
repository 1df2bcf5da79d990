/** The register of processing: what is held of persons, for what, on which ground, who may see it, until when. To be printed too. */
import { useNames, useWords } from "../../context";
import { Problem } from "../../ui/problem";
import { useRead } from "../../ui/use-read";
import { endsText, roleName } from "./ends";
import type { Register } from "./governing-types";

export function RegisterTab() {
  const { t } = useWords();
  const read = useRead<Register>("/api/oversight/register");
  return (
    <>
      <div className="page-head">
        <h2>{t("register.title")}</h2>
        <button type="button" className="button" onClick={() => window.print()}>
          {t("register.print")}
        </button>
        <a className="button" href="/api/oversight/register" download="register.json">
          {t("register.json")}
        </a>
      </div>
      <p className="quiet small definition">{t("register.note")}</p>
      {read.error !== null && <Problem error={read.error} onReload={read.reload} />}
      {read.data && <Whole one={read.data} />}
    </>
  );
}

function Whole({ one }: { one: Register }) {
  const { t, f, name } = useWords();
  const names = useNames();
  const missing = <span className="wrong">{t("register.not_stated")}</span>;
  return (
    <>
      <dl className="oversight-dl">
        <dt>{t("register.controller")}</dt>
        <dd>{one.controller ? `${one.controller.name}, ${one.controller.address}, ${one.controller.contact}` : missing}</dd>
        <dt>{t("register.assessment")}</dt>
        <dd>{one.impact_assessment ? `${f.full(one.impact_assessment.date, "day")}, ${one.impact_assessment.reference}` : missing}</dd>
        {(["data_protection_officer", "appeal_body", "auditor"] as const).map((role) => {
          const held = one.offices.filter((office) => office.role === role);
          return (
            <div key={role}>
              <dt>{roleName(role, t)}</dt>
              <dd>{held.length > 0 ? held.map((office) => `${office.name} (${names.territory(office.territory_id) ?? office.territory_id})`).join("; ") : missing}</dd>
            </div>
          );
        })}
        <dt>{t("register.seen_by")}</dt>
        <dd>{one.seen_by.map((role) => roleName(role, t)).join(", ")}</dd>
        <dt>{t("register.policies")}</dt>
        <dd>
          <code>{one.policy_hash}</code>
        </dd>
      </dl>
      <div className="table-wrap" tabIndex={0} role="region" aria-label={t("register.title")}>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t("retention.class")}</th>
              <th scope="col">{t("register.purpose")}</th>
              <th scope="col">{t("retention.ground")}</th>
              <th scope="col">{t("retention.ends")}</th>
              <th scope="col">{t("register.where")}</th>
            </tr>
          </thead>
          <tbody>
            {one.classes.map((each) => (
              <tr key={each.id}>
                <th scope="row">{name(each.names, each.id)}</th>
                <td>{name(each.purpose, "")}</td>
                <td>{each.legal_ground ?? missing}</td>
                <td>{endsText(each, t, f)}</td>
                <td>
                  <code>{Object.keys(each.held).join(", ")}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <h2>{t("register.rules")}</h2>
      <ul className="register-rules">
        {one.rules.map((rule) => (
          <li key={rule.id}>
            <strong>{rule.lets ? t("register.lets") : t("register.forbids")}</strong> {name(rule.words, rule.id)} <code className="quiet">{rule.id}</code>
          </li>
        ))}
      </ul>
    </>
  );
}
