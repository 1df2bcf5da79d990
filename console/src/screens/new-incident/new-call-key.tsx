/** F2 takes a call from anywhere on the desk, also while somebody types; on the form it puts the call aside and begins another. */
import { flushSync } from "react-dom";
import { useNavigate } from "react-router";
import { may } from "../../api/permissions";
import { useSession, useWords } from "../../context";
import { Kbd } from "../../ui/marks";
import { draft } from "./draft";
import { focusPlace } from "./held-keys";
import { useFormKeys } from "./keys";

export function NewCallButton() {
  const { me } = useSession();
  const { t } = useWords();
  const navigate = useNavigate();
  const isAllowed = may(me, "open");
  const take = () => {
    if (location.pathname === "/new") draft.startAnother(); // The address itself: a key may be faster than the next drawing.
    flushSync(() => void navigate("/new")); // Drawn before the next key arrives, if the page is ready.
    focusPlace();
  };
  useFormKeys({ F2: () => isAllowed && take() });
  if (!isAllowed) return null;
  return (
    <button type="button" className="button new-call" onClick={take}>
      <span aria-hidden="true">+</span> <span className="call-words">{t("call.new")}</span> <Kbd>F2</Kbd>
    </button>
  );
}
