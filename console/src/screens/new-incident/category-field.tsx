/** What happened, by two or three letters in any language; Enter takes the first. */
import { use, useEffect, useMemo, useState } from "react";
import { ComboBox, ComboBoxStateContext, Input, Label, ListBox, ListBoxItem, Popover } from "react-aria-components";
import type { Code } from "../../api/types";
import { useNames, useSession, useWords } from "../../context";
import { PriorityMark } from "../../ui/marks";
import { findCategories } from "./category-search";

interface Props {
  value: string;
  problem: string | undefined;
  onChoose: (category: string) => void;
}

export function CategoryField({ value, problem, onChoose }: Props) {
  const { codes } = useSession();
  const names = useNames();
  const { t, language } = useWords();
  const shown = value === "" ? "" : names.category(value);
  const [text, setText] = useState(shown);
  const [isTyping, setTyping] = useState(false);
  useEffect(() => {
    if (!isTyping) setText(shown);
  }, [shown, isTyping]);
  const found = useMemo(() => findCategories(codes.categories, isTyping ? text : "", language), [codes, text, isTyping, language]);
  const choose = (category: Code | undefined) => {
    if (!category) return;
    setTyping(false);
    setText(names.category(category.code));
    onChoose(category.code);
  };
  return (
    <ComboBox
      className="field category-field" items={found.map((category) => ({ id: category.code, category }))} inputValue={text} selectedKey={null} allowsCustomValue
      allowsEmptyCollection menuTrigger="input"
      onInputChange={(next) => {
        if (next === text) return;
        setText(next);
        setTyping(true);
      }}
      onSelectionChange={(key) => key !== null && choose(codes.categories.find(({ code }) => code === key))}
      onBlur={() => setTyping(false)}
    >
      <Label>{t("field.category")}</Label>
      <CategoryInput isWrong={Boolean(problem)} isTyping={isTyping} text={text} onFirst={() => isTyping && choose(found[0])} />
      <Popover className="popover is-list" placement="bottom start">
        <ListBox className="menu" renderEmptyState={() => <p className="quiet pad">{t("call.category_none")}</p>}>
          {({ category }: { category: Code }) => (
            <ListBoxItem id={category.code} textValue={names.category(category.code)} className="menu-item category-hit">
              {category.priority && <PriorityMark code={category.priority} />}
              <span>{names.category(category.code)}</span>
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
      {problem ? <small className="wrong" dir="auto">{problem}</small> : value === "" && <small className="quiet">{t("call.category_hint", { enter: "Enter" })}</small>}
    </ComboBox>
  );
}

/** Enter takes the first when no other is marked; Esc closes the list and nothing else. */
function CategoryInput({ isWrong, isTyping, text, onFirst }: { isWrong: boolean; isTyping: boolean; text: string; onFirst: () => void }) {
  const list = use(ComboBoxStateContext);
  useEffect(() => {
    // The name that is written into the field after a choice must not open the list again.
    if (!isTyping) list?.setOpen(false);
  }, [isTyping, text]);
  return (
    <Input
      id="call-category" autoComplete="off" dir="auto" maxLength={60} spellCheck={false} aria-invalid={isWrong}
      onKeyDownCapture={(event) => {
        if (!list?.isOpen) return;
        if (event.key === "Escape") {
          event.stopPropagation();
          list.setOpen(false);
        } else if (event.key === "Enter" && list.selectionManager.focusedKey === null) {
          event.preventDefault();
          event.stopPropagation();
          onFirst();
          list.setOpen(false);
        }
      }}
    />
  );
}
