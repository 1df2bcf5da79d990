/** What a translation must hold: every key of the English text, a plural where English has one. A missing text fails the build. */
import type { en } from "./en";

export type Plural = { one?: string; few?: string; many?: string; other: string };
export type Message = string | Plural;
export type Key = keyof typeof en;
export type Messages = { readonly [K in Key]: (typeof en)[K] extends string ? string : Plural };

/** The texts of one part of the console in another language: every key of the English ones. */
export type Part<English> = { readonly [K in keyof English]: English[K] extends string ? string : Plural };
