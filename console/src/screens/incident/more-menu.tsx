/** The acts of an incident that are seldom needed, behind one button, and their dialogs. */
import { useState } from "react";
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { may } from "../../api/permissions";
import { useSession, useWords } from "../../context";
import type { Key } from "../../i18n/messages";
import { HandOnDialog } from "./hand-on";
import { LinkDialog, MergeDialog, ReopenDialog, ShutOutDialog } from "./relation-dialogs";
import { ContactRulesDialog } from "./safety";
import { SplitDialog } from "./split-dialog";
import type { CardData } from "./use-card";

type Act = "hand_on" | "safe" | "link" | "merge" | "split" | "reopen" | "shut_out";
const WORDS: Record<Act, Key> = {
  hand_on: "hand_on.button", safe: "safe.set", link: "more.link", merge: "more.merge", split: "more.split", reopen: "more.reopen", shut_out: "more.shut_out",
};

export function MoreMenu({ data }: { data: CardData }) {
  const { me } = useSession();
  const { t } = useWords();
  const [act, setAct] = useState<Act | null>(null);
  const incident = data.incident!;
  const canChange = may(me, "change");
  const offered: Record<Act, boolean> = {
    hand_on: canChange && may(me, "colleagues") && !data.isClosed,
    safe: canChange,
    link: canChange,
    merge: may(me, "close") && !data.isClosed,
    split: canChange && may(me, "sealed"),
    reopen: may(me, "reopen") && data.isClosed && incident.merged_into === null,
    shut_out: canChange,
  };
  const acts = (Object.keys(offered) as Act[]).filter((one) => offered[one]);
  if (acts.length === 0) return null;
  const dialog = { incident, onReload: data.reload, onClose: () => setAct(null) };
  return (
    <>
      <MenuTrigger>
        <AriaButton className="button">{t("more.button")} ▾</AriaButton>
        <Popover className="popover" placement="bottom end">
          <Menu className="menu" onAction={(key) => setAct(key as Act)}>
            {acts.map((one) => (
              <MenuItem key={one} id={one} className="menu-item">
                {t(WORDS[one])}
              </MenuItem>
            ))}
          </Menu>
        </Popover>
      </MenuTrigger>
      {act === "hand_on" && <HandOnDialog {...dialog} />}
      {act === "safe" && <ContactRulesDialog {...dialog} />}
      {act === "link" && <LinkDialog {...dialog} />}
      {act === "merge" && <MergeDialog {...dialog} />}
      {act === "split" && <SplitDialog {...dialog} held={data.contents.data} card={data.card.data} />}
      {act === "reopen" && <ReopenDialog {...dialog} />}
      {act === "shut_out" && <ShutOutDialog {...dialog} />}
    </>
  );
}
