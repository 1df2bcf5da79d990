/** The tabs of oversight, in the order in which they stand. A tab is shown to whoever may do what it needs. */
import type { ComponentType } from "react";
import type { Act } from "../../api/permissions";
import type { Key } from "../../i18n/messages";
import { ReviewsTab } from "./reviews";
import { RateTab } from "./rate";

export interface Tab {
  /** The part of the address: /oversight/{path}, and /oversight/{path}/{id} for one record of it. */
  path: string;
  label: Key;
  needs: Act;
  Screen: ComponentType<{ id: string | undefined }>;
}

export const TABS: readonly Tab[] = [
  { path: "reviews", label: "oversight.tab.reviews", needs: "judge_reviews", Screen: ReviewsTab },
  { path: "rate", label: "oversight.tab.rate", needs: "read_reviews", Screen: RateTab },
];
