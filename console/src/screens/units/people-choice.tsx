/** Several people out of a long list: those chosen stand first, the others are found by typing. */
import { useState } from "react";
import type { Named } from "../../api/crews";
import { useWords } from "../../context";
import { fold } from "../../ui/fold";

const MOST = 30;
const FEW = 8;

interface Props {
  label: string;
  people: readonly Named[];
  chosen: readonly string[];
  onChange: (chosen: readonly string[]) => void;
}

export function PeopleChoice({ label, people, chosen, onChange }: Props) {
  const { t } = useWords();
  const [text, setText] = useState("");
  const wanted = fold(text);
  const found = people.filter((one) => !chosen.includes(one.id) && fold(one.display_name).includes(wanted));
  const shown = [...people.filter((one) => chosen.includes(one.id)), ...found.slice(0, MOST)];
  return (
    <fieldset className="field choices">
      <legend>{label}</legend>
      {people.length > FEW && <input type="search" value={text} placeholder={t("crew.find_person")} aria-label={t("crew.find_person")} onChange={(event) => setText(event.target.value)} dir="auto" />}
      {people.length === 0 && <p className="quiet">{t("crew.no_officers")}</p>}
      <div className="people-list" tabIndex={people.length > FEW ? 0 : undefined} role="group" aria-label={label}>
        {shown.map((one) => (
          <label key={one.id} className="check">
            <input type="checkbox" checked={chosen.includes(one.id)} onChange={(event) => onChange(event.target.checked ? [...chosen, one.id] : chosen.filter((id) => id !== one.id))} />
            <bdi>{one.display_name}</bdi>
          </label>
        ))}
        {found.length > MOST && <p className="quiet small">{t("crew.more_people", { n: found.length - MOST })}</p>}
      </div>
    </fieldset>
  );
}
