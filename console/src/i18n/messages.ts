/** What a translation must hold: every key of the English text, a plural where English has one. A missing text fails the build. */
import type { en } from "./en";

export type Plural = { one?: string; few?: string; many?: string; other: string };
export type Message = string | Plural;
export type Key = keyof typeof en;
export type Messages = { readonly [K in Key]: (typeof en)[K] extends string ? string : Plural };
