/** The tabs of oversight, in the order in which they stand. A tab is shown to whoever may do what it needs. */
import type { ComponentType } from "react";
import type { Act } from "../../api/permissions";
import type { Key } from "../../i18n/messages";
import { AppointmentsTab } from "./appointments";
import { DelaysTab } from "./delays";
import { EntriesTab } from "./entries";
import { GlassTab } from "./glass";
import { LogTab } from "./log";
import { PackTab } from "./pack";
import { RegisterTab } from "./register";
import { RetentionTab } from "./retention";
import { RateTab } from "./rate";
import { ReviewsTab } from "./reviews";
import { TasksTab } from "./tasks";
import { RightsTab } from "./rights";

export interface Tab {
  /** The part of the address: /oversight/{path}, and /oversight/{path}/{id} for one record of it. */
  path: string;
  label: Key;
  needs: Act;
  Screen: ComponentType<{ id: string | undefined }>;
}

export const TABS: readonly Tab[] = [
  { path: "reviews", label: "oversight.tab.reviews", needs: "judge_reviews", Screen: ReviewsTab },
  { path: "glass", label: "oversight.tab.glass", needs: "judge_glass", Screen: GlassTab },
  { path: "tasks", label: "oversight.tab.tasks", needs: "tasks", Screen: TasksTab },
  { path: "rights", label: "oversight.tab.rights", needs: "handle_rights", Screen: RightsTab },
  { path: "delays", label: "oversight.tab.delays", needs: "read_reviews", Screen: DelaysTab },
  { path: "rate", label: "oversight.tab.rate", needs: "read_reviews", Screen: RateTab },
  { path: "appointments", label: "oversight.tab.appointments", needs: "governance", Screen: AppointmentsTab },
  { path: "pack", label: "oversight.tab.pack", needs: "audit_pack", Screen: PackTab },
  { path: "entries", label: "oversight.tab.entries", needs: "read_log", Screen: EntriesTab },
  { path: "log", label: "oversight.tab.log", needs: "governance", Screen: LogTab },
  { path: "retention", label: "oversight.tab.retention", needs: "governance", Screen: RetentionTab },
  { path: "register", label: "oversight.tab.register", needs: "governance", Screen: RegisterTab },
];
