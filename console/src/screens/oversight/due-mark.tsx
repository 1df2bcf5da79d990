/** Until when something waits, and whether that is over: one line of a list of oversight. */
import { useWords } from "../../context";
import { dueDay } from "./due";

export function DueMark({ item }: { item: { due_at: string; is_overdue: boolean } }) {
  const { t, f } = useWords();
  return (
    <span className={`num small ${item.is_overdue ? "wrong" : "quiet"}`}>
      {item.is_overdue ? `${t("review.overdue")} ` : ""}
      {t("review.due", { day: f.full(dueDay(item.due_at), "day") })}
    </span>
  );
}
