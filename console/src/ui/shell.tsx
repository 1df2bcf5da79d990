/** What stands around every screen: link state, territory, language, theme, the demo and replay bands, the way to other screens. */
import { useState, type ReactNode } from "react";
import { NavLink, useLocation } from "react-router";
import { useLive, useMedia, useNames, useSession, useTick, useWords } from "../context";
import { LANGUAGES } from "../i18n/language";
import type { Key } from "../i18n/messages";
import type { LanguageTag } from "../api/types";
import { may, type Act } from "../api/permissions";
import { session } from "../session";
import { chooseTheme, useThemeChoice, type ThemeChoice } from "./theme";
import { CommandLine } from "./command-line";
import { ErrorBoundary } from "./error-boundary";
import { KeysDialog } from "./keys-dialog";
import { LeaveDialog, ownedBy } from "./leave-dialog";
import { AlarmBands, AlarmBar, SoundBlocked } from "./alarms";
import { useAlarms } from "./use-alarms";
import { useBeat } from "./presence";
import { useKeys } from "./keys";
import { Kbd } from "./marks";
import { GlassBands, GlassBar, WatchedGlass } from "../access/glass-band";
import { useGlassWatch } from "../access/glass-watch";
import { PrintMark } from "../access/mark";
import { PurposeChip } from "../access/purpose-chip";
import { NewCallButton } from "../screens/new-incident/new-call-key";

// In the rail a long word may break at its "|": a phone gives each a narrow column.
const SCREENS: readonly { to: string; label: Key; inRail?: Key; icon: string; needs: Act }[] = [
  { to: "/desk", label: "nav.desk", icon: "M3 5h7v14H3zM14 5h7v6h-7zM14 14h7v5h-7z", needs: "picture" },
  { to: "/map", label: "nav.map", icon: "M3 6l6-2 6 2 6-2v14l-6 2-6-2-6 2zM9 4v14M15 6v14", needs: "picture" },
  { to: "/units", label: "nav.units", inRail: "nav.rail.units", icon: "M3 16v-4l3-5h10l5 5v4zM7.5 18.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM17 18.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4z", needs: "picture" },
  { to: "/shifts", label: "nav.shifts", inRail: "nav.rail.shifts", icon: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3 3", needs: "log_on" },
  { to: "/incidents", label: "nav.records", inRail: "nav.rail.records", icon: "M5 3h10l4 4v14H5zM9 11h6M9 15h6", needs: "picture" },
  { to: "/territories", label: "nav.territories", inRail: "nav.rail.territories", icon: "M12 3v5M6 21v-5h12v5M12 8v8M9 3h6v5H9zM3.5 21h5M15.500 21h5", needs: "picture" },
  { to: "/alerts", label: "nav.alerts", inRail: "nav.rail.alerts", icon: "M4 10v4h3l7 4V6l-7 4zM18 9a4 4 0 0 1 0 6", needs: "alerts" },
  { to: "/figures", label: "nav.figures", inRail: "nav.rail.figures", icon: "M4 20V4M4 20h16M8 16v-4M12 16V8M16 16v-6", needs: "figures" },
  { to: "/briefing", label: "nav.briefing", inRail: "nav.rail.briefing", icon: "M4 4h12l4 4v12H4zM8 10h8M8 14h5M14 18l2 2 4-5", needs: "handover" },
  { to: "/oversight", label: "nav.oversight", inRail: "nav.rail.oversight", icon: "M12 3l8 3v6c0 5-3.500 7.500-8 9-4.500-1.500-8-4-8-9V6zM8.500 12l2.500 2.500 4.500-5", needs: "oversight" },
];

export function Shell({ children }: { children: ReactNode }) {
  const { me } = useSession();
  const { t } = useWords();
  const { pathname } = useLocation();
  const [showKeys, setShowKeys] = useState(false);
  const [isLeaving, setIsLeaving] = useState(false);
  const owned = () => ownedBy(me.account.id).length;
  const watch = useGlassWatch(me);
  const alarms = useAlarms(watch);
  useBeat(may(me, "colleagues"));
  useKeys({ "Shift+Slash": () => setShowKeys(true) });
  return (
    <div className={`app ${me.training ? "is-training" : ""}`}>
      <a className="skip" href="#main">
        {t("app.skip")}
      </a>
      <header className="topbar">
        <span className="brand">Markaz</span>
        {may(me, "picture") && (
          <>
            <LinkChip />
            <LinkAnnouncer />
          </>
        )}
        <Scope />
        {may(me, "picture") && <CommandLine />}
        <span className="spacer" />
        {may(me, "alarms") && <AlarmBar alarms={alarms} />}
        {watch.isOn && <GlassBar watch={watch} alarms={alarms} />}
        {may(me, "sealed") && <PurposeChip />}
        <NewCallButton />
        <button type="button" className="button is-quiet only-wide" aria-label={t("keys.title")} title={t("keys.title")} onClick={() => setShowKeys(true)}>
          <Kbd>?</Kbd>
        </button>
        {/* On a phone the bar has no room for it: there the system's own choice holds. */}
        <span className="only-wide">
          <ThemePicker />
        </span>
        <LanguagePicker />
        <NavLink to="/account" className="button is-quiet who-link" title={t("account.title")} aria-label={t("account.title_of", { name: me.account.display_name })}>
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20c1-4 4-6 8-6s7 2 8 6" />
          </svg>
          <span className="who only-wide" dir="auto">
            {me.account.display_name}
          </span>
        </NavLink>
        <button type="button" className="button is-quiet sign-out" title={t("top.sign_out")} onClick={() => (owned() > 0 ? setIsLeaving(true) : void session.signOut())}>
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M10 4H5v16h5M9 12h11M16 8l4 4-4 4" />
          </svg>
          <span className="sign-out-word">{t("top.sign_out")}</span>
        </button>
      </header>
      <div className="bands">
        {me.training && <p className="band band-training">{t("band.training")}</p>}
        {me.demo && <p className="band band-demo">{t("band.demo")}</p>}
        {me.trial && <p className="band band-demo">{t("band.trial")}</p>}
        <ReplayBand />
        <OfflineBand />
        {may(me, "alarms") && <AlarmBands alarms={alarms} />}
        {may(me, "judge_glass") && may(me, "alarms") && <GlassBands alarms={alarms} />}
        {watch.isOn && !may(me, "alarms") && <SoundBlocked alarms={alarms} />}
        {watch.isOn && <WatchedGlass watch={watch} />}
      </div>
      <nav className="rail" aria-label={t("nav.label")}>
        {SCREENS.filter((screen) => may(me, screen.needs)).map((screen) => (
          <NavLink key={screen.to} to={screen.to} className={({ isActive }) => `rail-link ${isActive ? "is-here" : ""}`}>
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path d={screen.icon} />
            </svg>
            <RailWord word={t(screen.inRail ?? screen.label)} />
          </NavLink>
        ))}
      </nav>
      <main id="main" className="main" tabIndex={-1}>
        <ErrorBoundary place={pathname} message={t("problem.unexpected")} reload={t("problem.reload")}>
          {may(me, "picture") || may(me, "oversight") || pathname === "/account" ? children : <p className="empty">{t("app.no_screens", { command: "markaz" })}</p>}
        </ErrorBoundary>
      </main>
      <PrintMark />
      {isLeaving && <LeaveDialog onClose={() => setIsLeaving(false)} />}
      {showKeys && <KeysDialog onClose={() => setShowKeys(false)} />}
    </div>
  );
}

/** The hyphen of a break stands in the style, so that what is read aloud and what is seen are the same word. */
function RailWord({ word }: { word: string }) {
  const [head, tail] = word.split("|");
  return (
    <span>
      {head}
      {tail !== undefined && <i className="rail-break" aria-hidden="true" />}
      {tail}
    </span>
  );
}

function LinkChip() {
  const { t, f } = useWords();
  const isNarrow = useMedia("(max-width: 899px)");
  const link = useLive("link", (store) => store.link);
  if (link.kind === "live") {
    return (
      <span className="link is-live num">
        <i aria-hidden="true">●</i>
        {link.lag_s === null || isNarrow ? t("link.live") : t("link.live_lag", { s: f.tenths(link.lag_s) })}
      </span>
    );
  }
  if (link.kind === "offline") {
    return (
      <span className="link is-offline num">
        <i aria-hidden="true">▲</i>
        {t("link.offline", { time: f.clock(link.since_ms).slice(0, 5) })}
      </span>
    );
  }
  return (
    <span className="link is-connecting">
      <i aria-hidden="true">○</i>
      {link.kind === "ended" ? t("link.forbidden") : t("link.connecting")}
    </span>
  );
}

/** For ears: only that the line went and came back, never each measured lag. */
function LinkAnnouncer() {
  const { t, f } = useWords();
  const kind = useLive("link", (store) => store.link.kind);
  const since_ms = useLive("link", (store) => (store.link.kind === "offline" ? store.link.since_ms : 0));
  return (
    <span className="sr-only" role="status">
      {kind === "offline" ? t("link.offline", { time: f.clock(since_ms).slice(0, 5) }) : kind === "live" ? t("link.live") : ""}
    </span>
  );
}

function Scope() {
  const { me } = useSession();
  const names = useNames();
  const places = [...new Set(me.grants.map((grant) => names.territory(grant.territory_id) ?? "?"))];
  return (
    <span className="scope" dir="auto" title={places.join(", ")}>
      {places.slice(0, 2).join(", ")}
      {places.length > 2 && ` +${places.length - 2}`}
    </span>
  );
}

/** A replay's clock stands in a band of its own: nobody may take the past for the present. */
function ReplayBand() {
  const { t, f } = useWords();
  const clock = useLive("clock", (store) => store.clock);
  useTick();
  if (!clock) return null;
  const now_ms = session.store.time.replayNow_ms() ?? Date.parse(clock.at);
  return (
    <p className="band band-replay num">
      {t("band.replay", { time: f.full(now_ms), speed: clock.speed, source: clock.source })}
    </p>
  );
}

function OfflineBand() {
  const { t, f } = useWords();
  const link = useLive("link", (store) => store.link);
  if (link.kind !== "offline") return null;
  return <p className="band band-offline">{t("band.offline", { time: f.clock(link.since_ms) })}</p>;
}

function LanguagePicker() {
  const { t, language, setLanguage } = useWords();
  const isShort = useMedia("(max-width: 1499px)");
  return (
    <select className="select is-quiet" aria-label={t("top.language")} value={language} onChange={(event) => setLanguage(event.target.value as LanguageTag)}>
      {LANGUAGES.map(({ tag, name, short }) => (
        <option key={tag} value={tag} lang={tag}>
          {isShort ? short : name}
        </option>
      ))}
    </select>
  );
}

function ThemePicker() {
  const { t } = useWords();
  const choice = useThemeChoice();
  return (
    <select className="select is-quiet" aria-label={t("top.theme")} value={choice} onChange={(event) => chooseTheme(event.target.value as ThemeChoice)}>
      <option value="auto">{t("theme.auto")}</option>
      <option value="day">{t("theme.day")}</option>
      <option value="night">{t("theme.night")}</option>
    </select>
  );
}

export { LanguagePicker, ThemePicker };
