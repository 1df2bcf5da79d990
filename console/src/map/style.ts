/** The style object of the map: our own, from one theme, with nothing fetched from anywhere. */
import type { ExpressionSpecification, LayerSpecification, StyleSpecification, SymbolLayerSpecification } from "maplibre-gl";
import { MAP_THEMES, type ThemeName } from "./theme";

const EMPTY: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };
/** Below this zoom a unit is a dot: ten thousand signs on a country would hide it. */
const SIGNS_FROM_ZOOM = 9;
const LABELS_FROM_ZOOM = 12;
const NAMES_BELOW_FROM_ZOOM = 9.5;

const themed = (theme: ThemeName, kind: "icon" | "label"): ExpressionSpecification =>
  kind === "icon" ? ["concat", `${theme}|`, ["get", "icon"]] : ["concat", `${theme}|t|`, ["get", "label"]];

export function baseStyle(theme: ThemeName): StyleSpecification {
  return {
    version: 8,
    sources: {
      territories: { type: "geojson", data: EMPTY, promoteId: "id" },
      "territory-labels": { type: "geojson", data: EMPTY },
      incidents: { type: "geojson", data: EMPTY, promoteId: "uid" },
      units: { type: "geojson", data: EMPTY, promoteId: "uid" },
      selected: { type: "geojson", data: EMPTY },
      pick: { type: "geojson", data: EMPTY },
      reach: { type: "geojson", data: EMPTY },
    },
    layers: layers(theme),
  };
}

/** Seen from far a country's two thousand incidents would hide it, so the signs shrink; the urgent ones stay larger. */
function incidentSigns(theme: ThemeName): Omit<SymbolLayerSpecification, "id"> {
  return {
    type: "symbol", source: "incidents",
    layout: {
      "icon-image": themed(theme, "icon"), "icon-allow-overlap": true, "icon-ignore-placement": true,
      "symbol-sort-key": ["-", 0, ["get", "rank"]],
      "icon-size": ["interpolate", ["linear"], ["zoom"], 4, ["case", ["==", ["get", "rank"], 0], 0.5, 0.28], 8, ["case", ["==", ["get", "rank"], 0], 0.8, 0.6], 10, 1],
    },
  };
}

/** All layers above a base map, bottom first. Calling it with the other theme gives the same ids in other colours. */
export function layers(themeName: ThemeName): LayerSpecification[] {
  const theme = MAP_THEMES[themeName];
  return [
    { id: "background", type: "background", paint: { "background-color": theme.background } },
    {
      id: "territories-fill", type: "fill", source: "territories",
      paint: {
        "fill-color": ["case", ["boolean", ["feature-state", "hover"], false], theme.territoryHover, theme.territory],
        "fill-opacity": 0.85,
      },
    },
    { id: "reach-fill", type: "fill", source: "reach", paint: { "fill-color": theme.selection, "fill-opacity": 0.14 } },
    { id: "reach-line", type: "line", source: "reach", paint: { "line-color": theme.selection, "line-width": 2, "line-dasharray": [3, 2] } },
    {
      id: "units-dot", type: "circle", source: "units", maxzoom: SIGNS_FROM_ZOOM,
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 5, 1.1, 7, 2, 9, 4],
        "circle-color": ["match", ["get", "group"], "free", theme.units.free, "engaged", theme.units.engaged, theme.units.away],
        "circle-opacity": ["case", ["get", "stale"], 0, 0.8],
        "circle-stroke-width": ["case", ["get", "stale"], 0.8, 0],
        "circle-stroke-color": ["case", ["get", "stale"], theme.units.away, theme.outline],
      },
    },
    { id: "territories-line", type: "line", source: "territories", paint: { "line-color": theme.border, "line-width": 1.2 } },
    {
      id: "territory-focus", type: "line", source: "territories", filter: ["==", ["get", "id"], -1],
      paint: { "line-color": theme.selection, "line-width": 3 },
    },
    {
      id: "units-sign", type: "symbol", source: "units", minzoom: SIGNS_FROM_ZOOM,
      layout: { "icon-image": themed(themeName, "icon"), "icon-allow-overlap": true, "icon-ignore-placement": true },
    },
    {
      id: "units-label", type: "symbol", source: "units", minzoom: LABELS_FROM_ZOOM, filter: ["!", ["get", "stale"]],
      layout: { "icon-image": themed(themeName, "label"), "icon-offset": [0, 20], "icon-allow-overlap": false },
    },
    {
      // A stale position says how old it is wherever its sign can be seen.
      id: "units-label-stale", type: "symbol", source: "units", minzoom: SIGNS_FROM_ZOOM, filter: ["get", "stale"],
      layout: { "icon-image": themed(themeName, "label"), "icon-offset": [0, 26], "icon-allow-overlap": false },
    },
    // Nearer, names stand over the units but under what happens.
    {
      id: "territory-labels-near", type: "symbol", source: "territory-labels", minzoom: NAMES_BELOW_FROM_ZOOM,
      layout: { "icon-image": ["concat", `${themeName}|t|near|`, ["get", "text"]], "icon-allow-overlap": false, "icon-padding": 2 },
    },
    {
      // A source of its own: a filter on the incidents would have all of them cut into tiles again at every step.
      id: "incident-selected", type: "circle", source: "selected",
      paint: {
        "circle-radius": 20, "circle-color": theme.selection, "circle-opacity": 0.18,
        "circle-stroke-width": 2.5, "circle-stroke-color": theme.selection,
      },
    },
    { ...incidentSigns(themeName), id: "incidents", filter: [">", ["get", "rank"], 0] },
    {
      // Seen from afar the names and counts are the message, over nearly everything.
      id: "territory-labels", type: "symbol", source: "territory-labels", maxzoom: NAMES_BELOW_FROM_ZOOM,
      layout: { "icon-image": ["concat", `${themeName}|t|territory|`, ["get", "text"]], "icon-allow-overlap": false, "icon-padding": 2 },
    },
    // Nothing is ever drawn over danger to life.
    { ...incidentSigns(themeName), id: "incidents-urgent", filter: ["==", ["get", "rank"], 0] },
    {
      id: "pick", type: "circle", source: "pick",
      paint: {
        "circle-radius": 9, "circle-color": "rgba(0,0,0,0)", "circle-stroke-width": 4, "circle-stroke-color": theme.selection,
      },
    },
  ];
}

/** Layers of a vector base map in either of the two common schemas (Protomaps, OpenMapTiles). Without glyphs it has no names. */
export function basemapLayers(themeName: ThemeName, isVector: boolean): LayerSpecification[] {
  const theme = MAP_THEMES[themeName];
  if (!isVector) return [{ id: "basemap", type: "raster", source: "basemap", paint: { "raster-opacity": themeName === "night" ? 0.45 : 0.9 } }];
  const fill = (layer: string, color: string): LayerSpecification => ({
    id: `basemap-${layer}`, type: "fill", source: "basemap", "source-layer": layer, paint: { "fill-color": color },
  });
  const line = (layer: string, color: string, width: ExpressionSpecification): LayerSpecification => ({
    id: `basemap-${layer}`, type: "line", source: "basemap", "source-layer": layer, paint: { "line-color": color, "line-width": width },
  });
  const roadWidth: ExpressionSpecification = ["interpolate", ["exponential", 1.5], ["zoom"], 6, 0.4, 12, 1.2, 17, 8];
  const thin: ExpressionSpecification = ["interpolate", ["linear"], ["zoom"], 4, 0.6, 12, 1.2];
  return [
    fill("earth", theme.territory), fill("landuse", theme.land), fill("landcover", theme.land), fill("water", theme.water),
    fill("buildings", theme.building), fill("building", theme.building),
    line("roads", theme.road, roadWidth), line("transportation", theme.road, roadWidth),
    line("boundaries", theme.border, thin), line("boundary", theme.border, thin),
  ];
}
