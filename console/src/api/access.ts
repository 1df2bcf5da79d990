/** What the server says of looks at person data, and what it is told. docs/guides/looks.md says what it means. */
import type { components } from "./schema";

type Bodies = components["schemas"];
export type PurposeRequest = Bodies["PurposeBody"];
export type GlassRequest = Bodies["GlassBody"];
export type PurposeKind = PurposeRequest["kind"];
export type Need = PurposeRequest["need"];
export type Ground = GlassRequest["ground"];

export const NEEDS: readonly Need[] = ["same_event", "call_back", "joint_work", "answer"];
export const GROUNDS: readonly Ground[] = ["life", "crew", "owner_away", "wrongly_closed"];

/** By what a page shows what names people, or what is needed; to whom and when, which the page is marked with. */
export interface Access {
  by: string | null;
  needed: "purpose" | "right" | null;
  classes: string[];
  until: string | null;
  viewer: string;
  at: string;
}

export interface Purpose {
  id: string;
  kind: PurposeKind;
  reference: string;
  need: Need;
  territory_id: number;
  ends_at: string;
}

export interface Reference {
  kind: PurposeKind;
  reference: string;
  /** What a purpose tied to it may be for. */
  needs: Need[];
  /** Of a task: its kind, and the one incident that it opens. */
  task?: "right_correction_ordered" | "break_glass_review";
  incident?: string;
  number?: string | null;
}

export interface MyPurpose {
  active: Purpose | null;
  references: Reference[];
  shortest: number;
}

export interface Why {
  allowed: boolean;
  words: Record<string, string[]>;
  asks_purpose: boolean;
}
