/** The frame of every dialog that sends one command: problem on top, buttons below, closed when the server has it. */
import type { FormEvent, ReactNode } from "react";
import { ApiError } from "../../api/client";
import { useWords } from "../../context";
import { Dialog } from "../../ui/dialog";
import { Problem } from "../../ui/problem";
import type { Sending } from "../../ui/use-command";

interface Props {
  title: string;
  submit: string;
  sending: Sending;
  canSubmit: boolean;
  onSubmit: () => void;
  onReload: () => void;
  onClose: () => void;
  children: ReactNode;
}

export function CommandForm(props: Props) {
  const { t } = useWords();
  const { sending } = props;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (props.canSubmit) props.onSubmit();
  };
  const reload = () => {
    sending.clear();
    props.onReload();
  };
  // What was refused is being mended. An act without an answer stays named: it may have arrived.
  const edited = () => sending.error instanceof ApiError && sending.clear();
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form onSubmit={submit} onChange={edited}>
        {sending.error !== null && <Problem error={sending.error} onReload={reload} onRetry={sending.retry} />}
        {sending.attempt > 0 && (
          <p className="notice" role="status">
            {t("sending.retrying", { n: sending.attempt })}
          </p>
        )}
        {props.children}
        <footer className="dialog-foot">
          <button type="button" className="button" onClick={props.onClose}>
            {t("action.cancel")}
          </button>
          <button type="submit" className="button is-primary" disabled={sending.busy || !props.canSubmit}>
            {sending.busy ? t("sending.busy") : props.submit}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
