import type { Browser, BrowserContext, Page } from "playwright-core";
export const STATIC: string;
export function missing(): string | null;
export function launch(): Promise<Browser>;
export function openPage(
  browser: Browser,
  options: { url: string; width?: number; height?: number; language?: string; theme?: string },
): Promise<{ context: BrowserContext; page: Page; faults: string[] }>;
export function watch(page: Page, url: string): string[];
export function signIn(page: Page, login?: string, password?: string): Promise<void>;
export const SHOWN_MS: number;
