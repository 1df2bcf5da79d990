/** Day, night or as the computer says. The choice is an attribute of the page; every colour is a CSS variable under it. */
import { useSyncExternalStore } from "react";
import type { ThemeName } from "../map/theme";

export type ThemeChoice = "auto" | ThemeName;

const KEY = "markaz.theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

function themeChoice(): ThemeChoice {
  const stored = localStorage.getItem(KEY);
  return stored === "day" || stored === "night" ? stored : "auto";
}

function currentTheme(): ThemeName {
  const choice = themeChoice();
  if (choice !== "auto") return choice;
  return dark.matches ? "night" : "day";
}

export function applyTheme(): void {
  document.documentElement.dataset.theme = currentTheme();
  for (const listener of [...listeners]) listener();
}

export function chooseTheme(choice: ThemeChoice): void {
  localStorage.setItem(KEY, choice);
  applyTheme();
}

dark.addEventListener("change", applyTheme);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useTheme(): ThemeName {
  return useSyncExternalStore(subscribe, currentTheme);
}

export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(subscribe, themeChoice);
}
