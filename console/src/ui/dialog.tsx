/** A dialog with a title and a place for its buttons; focus, Esc and the rest of the page are the kit's work. */
import type { ReactNode } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { useWords } from "../context";

export function Dialog(props: { title: string; onClose: () => void; children: ReactNode; wide?: boolean }) {
  const { t } = useWords();
  return (
    <ModalOverlay className="overlay" isOpen isDismissable={false} onOpenChange={(open) => !open && props.onClose()}>
      <Modal className={`modal ${props.wide ? "is-wide" : ""}`}>
        <AriaDialog className="dialog">
          <header className="dialog-head">
            <Heading slot="title">{props.title}</Heading>
            <button type="button" className="icon-button" onClick={props.onClose} aria-label={t("action.close_dialog")}>
              ×
            </button>
          </header>
          {props.children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
