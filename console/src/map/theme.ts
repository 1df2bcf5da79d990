/** Colours of the map, day and night. They sit here and not in CSS because the map paints them itself. */

export type ThemeName = "day" | "night";

export interface MapTheme {
  background: string;
  territory: string;
  territoryHover: string;
  border: string;
  label: string;
  labelHalo: string;
  water: string;
  land: string;
  road: string;
  building: string;
  selection: string;
  priorities: readonly string[];
  priorityInk: readonly string[];
  units: { free: string; engaged: string; away: string };
  outline: string;
}

const DAY: MapTheme = {
  background: "#e7ebef",
  territory: "#f7f9fa",
  territoryHover: "#e3edf7",
  border: "#8a99a8",
  label: "#26323d",
  labelHalo: "#ffffff",
  water: "#c8dcea",
  land: "#eef2ea",
  road: "#c6ccd3",
  building: "#dfe3e7",
  selection: "#0b5cad",
  priorities: ["#c8102e", "#c25700", "#8a6a00", "#3d5a80", "#5b6673"],
  priorityInk: ["#fff", "#fff", "#fff", "#fff", "#fff"],
  units: { free: "#1c7c3c", engaged: "#0b5cad", away: "#6b7682" },
  outline: "#ffffff",
};

const NIGHT: MapTheme = {
  background: "#0c1116",
  territory: "#151d25",
  territoryHover: "#1c2a38",
  border: "#465665",
  label: "#cfd8e1",
  labelHalo: "#0c1116",
  water: "#12283a",
  land: "#17211c",
  road: "#33414e",
  building: "#1d262e",
  selection: "#6db3f2",
  priorities: ["#ff5a6b", "#ff9a3d", "#f2cc3f", "#8fb4dc", "#9aa7b4"],
  priorityInk: ["#1a0005", "#1d0d00", "#1b1500", "#08131f", "#0c1116"],
  units: { free: "#57c77b", engaged: "#6db3f2", away: "#8b98a5" },
  outline: "#0c1116",
};

export const MAP_THEMES: Record<ThemeName, MapTheme> = { day: DAY, night: NIGHT };

export type UnitGroup = "free" | "engaged" | "away";

export function unitGroup(status: string): UnitGroup {
  if (status === "available") return "free";
  if (status === "off_duty" || status === "out_of_service" || status === "busy") return "away";
  return "engaged";
}
