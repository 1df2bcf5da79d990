/** Type-ahead over territory names, for a caller who knows only the neighbourhood. */
import { use, useMemo, useState } from "react";
import { ComboBox, ComboBoxStateContext, Input, Label, ListBox, ListBoxItem, Popover } from "react-aria-components";
import { useSession, useWords } from "../../context";
import { fold } from "../../ui/fold";

interface Choice {
  id: string;
  label: string;
  /** The label, and the name of the territory itself in every language, as they are compared. */
  folded: string[];
}

const MOST = 40;

interface Props {
  value: string;
  onChange: (id: string) => void;
  label?: string;
  /** Only territories with nothing below them. */
  onlySmallest?: boolean;
}

export function TerritoryPicker({ value, onChange, label, onlySmallest = false }: Props) {
  const { territories } = useSession();
  const { t, f, name } = useWords();
  const choices = useMemo(() => {
    const list = [...territories.all()]
      .filter((territory) => territories.isInScope(territory.id) && !(onlySmallest && territories.children(territory.id).length > 0))
      .map((territory): Choice => {
        const path = territories.path(territory.id).slice(1).reverse();
        const label = path.map((one) => name(one.names, one.code)).join(", ") || name(territory.names, territory.code);
        return { id: String(territory.id), label, folded: [label, ...Object.values(territory.names)].map(fold) };
      });
    return list.sort((a, b) => f.compare(a.label, b.label));
  }, [territories, name, f, onlySmallest]);
  const labelOf = (id: string) => choices.find((choice) => choice.id === id)?.label ?? "";
  const [text, setText] = useState(() => labelOf(value));
  const wanted = fold(text);
  const found = useMemo(() => {
    const starts = choices.filter((choice) => choice.folded.some((one) => one.startsWith(wanted)));
    const first = new Set(starts);
    const holds = choices.filter((choice) => !first.has(choice) && choice.folded.some((one) => one.includes(wanted)));
    return [...starts, ...holds].slice(0, MOST);
  }, [choices, wanted]);
  return (
    <ComboBox
      className="field" items={found} inputValue={text} selectedKey={value || null} allowsEmptyCollection menuTrigger="focus"
      onInputChange={(next) => {
        setText(next);
        if (next === "") onChange("");
      }}
      onSelectionChange={(key) => {
        if (key === null) return;
        onChange(String(key));
        setText(labelOf(String(key)));
      }}
    >
      <Label>{label ?? t("new.territory")}</Label>
      <ListInput />
      <Popover className="popover is-list">
        <ListBox className="menu" renderEmptyState={() => <p className="quiet pad">{t("new.territory_none")}</p>}>
          {(choice: Choice) => (
            <ListBoxItem id={choice.id} textValue={choice.label} className="menu-item">
              {choice.label}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}

/** Esc in the open list closes the list and nothing else; what is typed stays. */
function ListInput() {
  const list = use(ComboBoxStateContext);
  return (
    <Input
      autoComplete="off" dir="auto"
      onKeyDownCapture={(event) => {
        if (event.key !== "Escape" || !list?.isOpen) return;
        event.stopPropagation();
        list.setOpen(false);
      }}
    />
  );
}
