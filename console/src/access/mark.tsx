/** The mark of a page that shows what names people: to whom, when and why. Quiet on the screen, on each sheet of paper too. */
import { useEffect, type ReactNode } from "react";
import type { Access } from "../api/access";
import { useSession, useWords } from "../context";
import { session } from "../session";
import { markText } from "./mark-text";

/** Where nothing may be shown it says that, so that a closed text does not read as one that was never written. */
export function Mark({ access, children }: { access: Access | null | undefined; children?: ReactNode }) {
  const { t, f } = useWords();
  if (!access) return null;
  if (access.by === null) return <p className="look-mark small">{t("look.texts_closed")}</p>;
  return (
    <p className="look-mark quiet small num" dir="auto">
      {markText(access, t, f)} {children}
    </p>
  );
}

/**
 * Says on every sheet that leaves the printer who printed it and when, and what kind of centre it comes from where that is no live one,
 * whatever is on it. It stands in the margin of the page, where it covers nothing; a browser that cannot write there prints the marks
 * within the page and the band at its top alone.
 */
export function PrintMark() {
  const { me } = useSession();
  const { t, f } = useWords();
  const viewer = me.account.display_name;
  const band = [me.training && t("band.training"), me.demo && t("band.demo"), me.trial && t("band.trial")].filter(Boolean).join(" ");
  useEffect(() => {
    const sheet = new CSSStyleSheet();
    const write = () => {
      const text = t("look.printed", { viewer, at: f.zoned(session.store.time.now_ms()) });
      const above = `@top-center { content: "${quoted(band)}"; font-size: 8pt; font-weight: 700; }`;
      sheet.replaceSync(`@page { margin: 14mm 12mm 18mm; ${above} @bottom-left { content: "${quoted(text)}"; font-size: 8pt; white-space: nowrap; } }`);
    };
    write();
    document.adoptedStyleSheets.push(sheet);
    addEventListener("beforeprint", write);
    return () => {
      removeEventListener("beforeprint", write);
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    };
  }, [viewer, band, t, f]);
  return null;
}

/** A name as text within a CSS string, whatever it holds: letters, figures and blanks as they are, all else by its number. */
function quoted(text: string): string {
  return [...text].map((sign) => (/[\p{L}\p{N} ]/u.test(sign) ? sign : `\\${sign.codePointAt(0)!.toString(16)} `)).join("");
}
