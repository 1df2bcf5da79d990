/** How far up an alarm has gone: the territory whose supervisor is called now. */
import type { AlarmView } from "../api/types";
import { useNames, useWords } from "../context";

export function SentUp({ alarm }: { alarm: AlarmView }) {
  const { t } = useWords();
  const names = useNames();
  const place = alarm.escalated_to === null ? null : names.territory(alarm.escalated_to);
  return <bdi>{place === null ? t("alarms.class.escalated") : t("alarms.sent_up_to", { place })}</bdi>;
}
