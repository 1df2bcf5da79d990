/** What stands under the command line of the lines that were entered: those on their way, and those that a failure kept back. */
import { useWords } from "../context";
import type { Entered } from "./use-line-queue";

export function Waiting({ lines }: { lines: readonly Entered[] }) {
  const { t } = useWords();
  return (
    <ol>
      {lines.map((one, at) => (
        <li key={one.count} className="quiet">
          {t(at === 0 ? "command.sending" : "command.next", { what: one.said })}
        </li>
      ))}
    </ol>
  );
}

export function Undone({ lines, onBack, onLeave }: { lines: readonly Entered[]; onBack: (one: Entered) => void; onLeave: () => void }) {
  const { t } = useWords();
  return (
    <div className="command-undone">
      <p className="wrong">{t("command.undone")}</p>
      <ul>
        {lines.map((one) => (
          <li key={one.count}>
            <button type="button" className="button is-small" onClick={() => onBack(one)}>
              <bdi>{one.line}</bdi>
            </button>
          </li>
        ))}
      </ul>
      <button type="button" className="button is-quiet is-small" onClick={onLeave}>
        {t("command.leave_undone")}
      </button>
    </div>
  );
}
