/** Where the own account is signed in; any but this one can be ended. */
import { Command } from "../../api/client";
import type { Key } from "../../i18n/messages";
import { useWords } from "../../context";
import { Problem } from "../../ui/problem";
import { useRead } from "../../ui/use-read";
import { en } from "../../i18n/en";
import type { OwnSession } from "./types";
import { useProven } from "./use-proven";

export function Sessions() {
  const { t, f } = useWords();
  const list = useRead<{ items: OwnSession[] }>("/api/me/sessions");
  const ending = useProven(null);
  const end = (path: string) => async () => {
    await new Command("DELETE", path, undefined).send();
    list.reload();
  };
  /** A word for a browser or system we know; the code of one we do not. */
  const word = (kind: "browser" | "system" | "method", code: string) => {
    const key = `account.${kind}.${code}`;
    return key in en ? t(key as Key) : code;
  };
  const items = list.data?.items ?? [];
  return (
    <section className="account-part" aria-labelledby="account-sessions">
      <h2 id="account-sessions">{t("account.sessions")}</h2>
      <p className="quiet">{t("account.sessions_what")}</p>
      {list.error !== null && <Problem error={list.error} />}
      <ul className="plain-list">
        {items.map((item) => (
          <li key={item.id} className="account-row">
            <span>
              <b>
                {word("browser", item.browser)} · {word("system", item.system)}
              </b>
              {item.is_this && <span className="account-this">{t("account.this_session")}</span>}
              <span className="quiet small">
                {t("account.began", { at: f.full(item.began_at, "minute"), how: word("method", item.method) })} · {t("account.seen", { at: f.full(item.last_seen_at, "minute") })}
              </span>
            </span>
            {!item.is_this && (
              <button type="button" className="button" disabled={ending.busy} aria-label={t("account.end_named", { what: `${word("browser", item.browser)}, ${word("system", item.system)}` })} onClick={() => ending.run(end(`/api/me/sessions/${item.id}`))}>
                {t("account.end")}
              </button>
            )}
          </li>
        ))}
      </ul>
      {items.length > 1 && (
        <button type="button" className="button" disabled={ending.busy} onClick={() => ending.run(end("/api/me/sessions"))}>
          {t("account.end_others")}
        </button>
      )}
      {ending.error !== null && <Problem error={ending.error} />}
    </section>
  );
}
