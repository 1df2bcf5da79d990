/** The alarms of the person who sits here: which there are, which comes next, what is heard, and the acts on them. */
import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { useNavigate } from "react-router";
import { Command, read } from "../api/client";
import type { GlassWatch } from "../access/glass-watch";
import { may } from "../api/permissions";
import type { AlarmView } from "../api/types";
import { useLive, useSession } from "../context";
import { derived } from "../live/derived";
import { isNoticedBy, isUrgent, louder, nextAlarm, pressOf, sortAlarms, soundOf, type Sound } from "../live/sounding";
import { session } from "../session";
import { AlarmSound, type Output } from "./alarm-sound";
import { keysAreOn } from "./keys";
import { isMutedBy, setMuted } from "./mute";

const everyAlarm = derived(["alarms"], (store) => sortAlarms(store.alarms.values()));
/** As text, so that a change of the picture that makes none here renders nothing. */
const urgentIds = derived(["alarms", "incidents"], (store) =>
  [...store.alarms.values()].filter((alarm) => isUrgent(alarm, store.incidents.get(alarm.incident_id ?? "")?.priority)).map((alarm) => alarm.id).join(" "),
);

export interface Alarms {
  sorted: readonly AlarmView[];
  current: string | null;
  sound: Sound | null;
  output: Output;
  isMuted: boolean;
  error: unknown;
  mute(on: boolean): void;
  test(sound: Sound): void;
  isNoticed(alarm: AlarmView): boolean;
  acknowledge(alarm: AlarmView): void;
  show(alarm: AlarmView): void;
  next(): void;
  acknowledgeCurrent(): void;
  clearError(): void;
}

/** `glass`: what this person hears of broken glass besides. */
export function useAlarms(glass: GlassWatch): Alarms {
  const { me, territories } = useSession();
  const navigate = useNavigate();
  const sorted = useLive("alarms", everyAlarm);
  const urgentText = useLive("incidents", urgentIds);
  const urgent = useMemo(() => new Set(urgentText.split(" ")), [urgentText]);
  const [current, setCurrent] = useState<string | null>(null);
  const [isMuted, setIsMuted] = useState(() => isMutedBy(me.account.id));
  // What I have noticed is silent at once; if the centre does not learn of it, it sounds again.
  const [noticed, setNoticed] = useState<ReadonlySet<string>>(new Set());
  const [error, setError] = useState<unknown>(null);
  const player = usePlayer(me.account.id);
  const output = useSyncExternalStore(player.subscribe, player.current);

  const isNoticed = (alarm: AlarmView) => noticed.has(pressOf(alarm)) || isNoticedBy(alarm, me.account.id);
  const roles = useMemo(() => me.grants.map((grant) => grant.role), [me]);
  const levels = useMemo(
    () => new Set(me.grants.flatMap((grant) => [grant.territory_id, ...territories.path(grant.territory_id).map((level) => level.id)])),
    [me, territories],
  );
  const ofAlarms = may(me, "alarms")
    ? soundOf(sorted.filter((alarm) => !noticed.has(pressOf(alarm))), { id: me.account.id, roles, levels, isMuted, urgent })
    : null;
  const sound = louder(ofAlarms, glass.unnoticed.length > 0 ? "escalated" : null);
  useEffect(() => player.want(sound), [player, sound]);

  const acknowledge = (alarm: AlarmView) => {
    if (isNoticed(alarm)) return;
    setError(null);
    const press = pressOf(alarm);
    setNoticed((held) => new Set([...held, press]));
    new Command("POST", `/api/alarms/${alarm.id}/acknowledgements?press=${alarm.presses}`, undefined).send().catch((problem: unknown) => {
      setNoticed((held) => new Set([...held].filter((one) => one !== press)));
      setError(problem);
    });
  };
  const show = (alarm: AlarmView) => {
    setCurrent(alarm.id);
    if (alarm.incident_id) void navigate("/desk", { state: { select: alarm.incident_id } });
    setTimeout(() => document.getElementById(`alarm-${alarm.id}`)?.focus(), 0);
  };
  const next = () => {
    const alarm = nextAlarm(sorted.filter((one) => !noticed.has(pressOf(one)) || isNoticedBy(one, me.account.id)), me.account.id, current);
    if (alarm) show(alarm);
    else if (glass.waiting.length > 0) void navigate("/oversight/glass");
  };
  const acknowledgeCurrent = () => {
    const unnoticed = sorted.filter((alarm) => !isNoticed(alarm));
    const chosen = unnoticed.find((alarm) => alarm.id === current) ?? unnoticed[0];
    const broken = glass.unnoticed[0];
    if (chosen) acknowledge(chosen);
    else if (broken) glass.notice(broken.id);
  };
  useFunctionKeys({ F8: next, F9: acknowledgeCurrent });

  return {
    sorted, current, sound, output, isMuted, error, isNoticed, acknowledge, show, next, acknowledgeCurrent,
    mute: (on) => {
      setMuted(me.account.id, on);
      setIsMuted(on);
    },
    test: (one) => player.test(one),
    clearError: () => setError(null),
  };
}

function usePlayer(account_id: string): AlarmSound {
  const [player] = useState(() => new AlarmSound(`markaz-sound-${account_id}`));
  useEffect(() => {
    session.whenLeaving(() => player.stop());
    return () => player.want(null);
  }, [player]);
  return player;
}

/** Unlike the keys of one letter these work while somebody types: they write nothing. Over a dialog only F9 does. */
function useFunctionKeys(keys: { F8: () => void; F9: () => void }): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.defaultPrevented || !keysAreOn()) return;
      if (event.code !== "F8" && event.code !== "F9") return;
      event.preventDefault();
      if (event.code === "F8" && document.querySelector("[role=dialog]")) return;
      if (!event.repeat) keys[event.code]();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  });
}

/** Names of those who acknowledged, by account; read when somebody unknown appears, for names are in no picture. */
export function useNoticers(alarms: readonly AlarmView[]): (alarm: AlarmView) => string[] {
  const [names, setNames] = useState<Record<string, string>>({});
  const unknown = alarms.some((alarm) => Object.keys(alarm.acknowledged).some((id) => names[id] === undefined));
  const key = unknown ? alarms.map((alarm) => Object.keys(alarm.acknowledged).join()).join() : "";
  useEffect(() => {
    if (key === "") return;
    const leaving = new AbortController();
    read<{ names: Record<string, string> }>("/api/alarms", leaving.signal).then(
      (answer) => setNames((held) => ({ ...held, ...answer.names })),
      () => undefined, // Without names the number of people is shown.
    );
    return () => leaving.abort();
  }, [key]);
  return (alarm) => Object.keys(alarm.acknowledged).map((id) => names[id] ?? "…");
}
