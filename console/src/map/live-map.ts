/**
 * The live map: territory outlines, incidents and units on MapLibre. Framework-free. It gathers the store's changes and hands them
 * to the map as diffs at most four times a second; it never asks React for anything.
 */
import { Map as GlMap, NavigationControl, setWorkerUrl, type GeoJSONSource, type MapLayerMouseEvent, type MapMouseEvent } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import type { Territory } from "../api/types";
import type { ChangeSet, LiveStore } from "../live/store";
import { addBasemap } from "./basemap";
import { bboxOf, boundaries, labelPoint, ownOutline, type Bbox } from "./boundaries";
import { ageRing, FeatureTable, incidentFeature, reachDeg, reachFeature, reachOf, unitFeature, type Reach } from "./features";
import { drawIcon, PIXEL_RATIO } from "./icons";
import { baseStyle, layers } from "./style";
import type { ThemeName } from "./theme";

setWorkerUrl(workerUrl);

/** How often the map is told of changes. */
const DRAW_EVERY_MS = 250;
const AGES_EVERY_MS = 1_000;
/** Who steps through the queue gets the list at once; the map goes there when the stepping rests. */
const FOLLOW_AFTER_MS = 300;
/** While keys are being pressed the map keeps its changes back, but never longer than this. */
const HELD_BACK_MS = 1_000;
/** About 15 km: a unit further away is not shown at the price of the surroundings of the incident. */
const NEAR_DEG = 0.15;

export interface LiveMapOptions {
  store: LiveStore;
  theme: ThemeName;
  basemap: boolean;
  stale_after_s: number;
  rank: (priority: string) => number;
  /** "3 min ago", in the language of the page. */
  ageWords: (age_s: number) => string;
  /** The lines of a territory's label, the name first. */
  territoryLabel: (id: number) => string;
  title: string;
  zoomIn: string;
  zoomOut: string;
  onIncident?: (id: string) => void;
  onUnit?: (id: string) => void;
  onTerritory?: (id: number) => void;
  onPick?: (place: { lon: number; lat: number }) => void;
  onHover?: (what: { kind: "incident" | "unit"; id: string; x: number; y: number } | null) => void;
}

export class LiveMap {
  private readonly map: GlMap;
  private readonly incidents = new FeatureTable();
  private readonly units = new FeatureTable();
  private readonly fixTimes = new Map<string, { fix_at: string; ring: number; minute: number }>();
  private readonly stops: (() => void)[] = [];
  private ready = false;
  private drawn = 0;
  private shownParent: number | null = null;
  private labelled: { id: number; at: [number, number] }[] = [];
  private hovered: number | null = null;
  private selected: string | null = null;
  private picked: Reach | null = null;
  private pickedAt: { lon: number; lat: number } | null = null;
  /** Where somebody pointed: they see it already. */
  private clickedAt: { lon: number; lat: number } | null = null;
  private destroyed = false;
  private following = 0;
  private lastKey_ms = -HELD_BACK_MS;
  private lastDraw_ms = 0;

  constructor(
    container: HTMLElement,
    private options: LiveMapOptions,
  ) {
    this.map = new GlMap({
      container, style: baseStyle(options.theme), attributionControl: false, dragRotate: false, pitchWithRotate: false,
      touchPitch: false, maxPitch: 0, fadeDuration: 0, center: [64.5, 41.3], zoom: 4,
      locale: { "Map.Title": options.title, "NavigationControl.ZoomIn": options.zoomIn, "NavigationControl.ZoomOut": options.zoomOut },
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    this.map.setMissingStyleImageResolver((name) => {
      const image = drawIcon(name);
      if (image && !this.map.hasImage(name)) this.map.addImage(name, image, { pixelRatio: PIXEL_RATIO });
    });
    this.map.on("load", () => this.start());
    const noteKey = () => (this.lastKey_ms = performance.now());
    addEventListener("keydown", noteKey, { capture: true });
    this.stops.push(() => removeEventListener("keydown", noteKey, { capture: true }));
    // For people with tools and for tests: everything asked for so far is painted.
    this.map.on("idle", () => (container.dataset.painted = String(this.drawn)));
    this.map.on("moveend", () => (container.dataset.centre = `${round(this.map.getCenter().lng)} ${round(this.map.getCenter().lat)}`));
    this.listen();
  }

  destroy(): void {
    this.destroyed = true;
    clearTimeout(this.following);
    for (const stop of this.stops) stop();
    this.map.remove();
  }

  resize(): void {
    this.map.resize();
  }

  /** New words, colours or handlers; what is on the map stays. */
  update(options: Partial<LiveMapOptions>): void {
    const before = this.options;
    this.options = { ...before, ...options };
    if (this.options.zoomIn !== before.zoomIn) this.renameButtons();
    if (!this.ready) return;
    if (this.options.theme !== before.theme) this.recolour();
    if (this.options.territoryLabel !== before.territoryLabel) this.relabel();
    if (this.options.ageWords !== before.ageWords || this.options.rank !== before.rank) this.refill();
  }

  /** MapLibre reads its locale only once. */
  private renameButtons(): void {
    for (const [name, words] of [["in", this.options.zoomIn], ["out", this.options.zoomOut]] as const) {
      const button = this.map.getContainer().querySelector(`.maplibregl-ctrl-zoom-${name}`);
      button?.setAttribute("title", words);
      button?.setAttribute("aria-label", words);
    }
  }

  /** Shows the children of a territory, or itself where no child has an outline, and goes there. */
  async showTerritory(parent: Territory, move: boolean): Promise<void> {
    this.shownParent = parent.id;
    const children = await boundaries(parent.id);
    const shown = children.features.length > 0 ? children : await ownOutline(parent);
    await this.whenReady();
    if (this.destroyed || this.shownParent !== parent.id) return;
    this.source("territories").setData(shown);
    this.labelled = shown.features.map((feature) => ({ id: Number(feature.properties?.id), at: labelPoint(feature.geometry) }));
    this.relabel();
    const box = parent.bbox ?? bboxOf(shown);
    if (move && box && this.pickedAt === null) this.goTo(box);
  }

  /** Outlines one of the drawn territories and goes there: the lowest level has no children to draw instead. */
  async focus(territory: Territory | null): Promise<void> {
    await this.whenReady();
    if (this.destroyed) return;
    this.map.setFilter("territory-focus", ["==", ["get", "id"], territory?.id ?? -1]);
    if (!territory) return;
    const box = territory.bbox ?? bboxOf(await ownOutline(territory));
    if (box && !this.destroyed) this.goTo(box);
  }

  /** Counts in the labels changed. */
  relabel(): void {
    if (!this.ready) return;
    this.source("territory-labels").setData({
      type: "FeatureCollection",
      features: this.labelled.map(({ id, at }) => ({
        type: "Feature",
        geometry: { type: "Point", coordinates: at },
        properties: { text: this.options.territoryLabel(id) },
      })),
    });
  }

  goTo([west, south, east, north]: Bbox, maxZoom = 15): void {
    const padding = Math.min(48, this.map.getContainer().clientHeight / 6);
    this.map.fitBounds([[west, south], [east, north]], { padding, animate: this.ready && !calm(), duration: 300, maxZoom });
  }

  async select(id: string | null, move: boolean): Promise<void> {
    await this.whenReady();
    if (this.destroyed) return;
    this.selected = id;
    this.drawReach();
    this.markSelected();
    clearTimeout(this.following);
    if (id === null || !move) return;
    this.following = window.setTimeout(() => {
      const box = this.surroundings(id);
      if (box) this.goTo(box, 14);
    }, FOLLOW_AFTER_MS);
  }

  private markSelected(): void {
    const place = this.selected === null ? null : (this.options.store.incidents.get(this.selected)?.place ?? null);
    this.source("selected").setData(pointAt(place));
  }

  /** The incident and the units that are on their way to it or there; null when its place is unknown. */
  private surroundings(id: string): Bbox | null {
    const { incidents, positions } = this.options.store;
    const incident = incidents.get(id);
    if (!incident?.place) return null;
    const { place } = incident;
    const units = Object.entries(incident.units)
      .flatMap(([unitId, unit]) => (unit.stages.cleared ? [] : (positions.get(unitId) ?? [])))
      .filter((unit) => Math.abs(unit.lat - place.lat) < NEAR_DEG && Math.abs(unit.lon - place.lon) < NEAR_DEG);
    const reach = reachOf(incident);
    const size = reach ? reachDeg(reach) : { lon: 0, lat: 0 };
    const corners = [-1, 1].map((side) => ({ lon: place.lon + side * size.lon, lat: place.lat + side * size.lat }));
    const places = [...corners, ...units];
    const [lons, lats] = [places.map((place) => place.lon), places.map((place) => place.lat)];
    return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
  }

  /** The map goes to the picked place. `reach`: the circle in which it lies, where it is no more than that. */
  async setPick(place: { lon: number; lat: number } | null, reach: Reach | null = null): Promise<void> {
    this.pickedAt = place;
    await this.whenReady();
    if (this.destroyed) return;
    this.source("pick").setData(pointAt(place));
    this.picked = reach;
    this.drawReach();
    if (place === null || isSame(place, this.clickedAt)) return;
    const size = reach ? reachDeg(reach) : { lon: 0, lat: 0 };
    this.goTo([place.lon - size.lon, place.lat - size.lat, place.lon + size.lon, place.lat + size.lat], 16);
  }

  /** Circles of what is selected and of what is picked: where somebody may be, as far as a telephone or a word says. */
  private drawReach(): void {
    const incident = this.selected === null ? null : this.options.store.incidents.get(this.selected);
    const circles = [reachOf(incident), this.picked].filter((one) => one !== null);
    this.source("reach").setData({ type: "FeatureCollection", features: circles.map(reachFeature) });
    this.map.getContainer().dataset.reach = circles.map((one) => one.accuracy_m).join(" ");
  }

  private readonly whenReadyList: (() => void)[] = [];

  private whenReady(): Promise<void> {
    if (this.ready) return Promise.resolve();
    return new Promise((resolve) => this.whenReadyList.push(resolve));
  }

  private start(): void {
    this.ready = true;
    for (const go of this.whenReadyList.splice(0)) go();
    if (this.options.basemap) void addBasemap(this.map, this.options.theme).catch(() => undefined);
    this.refill();
    this.stops.push(this.options.store.onChanges((changes) => this.gather(changes)));
    const draw = setInterval(() => this.draw(), DRAW_EVERY_MS);
    const ages = setInterval(() => this.refreshAges(), AGES_EVERY_MS);
    this.stops.push(() => clearInterval(draw), () => clearInterval(ages));
    this.draw();
  }

  private source(id: string): GeoJSONSource {
    return this.map.getSource(id) as GeoJSONSource;
  }

  private gather(changes: ChangeSet): void {
    if (changes.reset) return this.refill();
    for (const id of changes.incidents) this.setIncident(id);
    for (const id of changes.units) this.setUnit(id);
    for (const id of changes.positions) this.setUnit(id);
  }

  private refill(): void {
    this.incidents.reset();
    this.units.reset();
    this.fixTimes.clear();
    for (const id of this.options.store.incidents.keys()) this.setIncident(id);
    for (const id of this.options.store.positions.keys()) this.setUnit(id);
    this.markSelected();
  }

  private setIncident(id: string): void {
    const incident = this.options.store.incidents.get(id);
    if (id === this.selected) {
      this.drawReach();
      this.markSelected();
    }
    this.incidents.set(id, incident ? incidentFeature(incident, this.options.rank(incident.priority)) : null);
  }

  private setUnit(id: string): void {
    const { store } = this.options;
    const [unit, position] = [store.units.get(id), store.positions.get(id)];
    if (!unit || !position) {
      this.fixTimes.delete(id);
      return this.units.set(id, null);
    }
    const age_s = store.time.age_s(position.fix_at);
    const ring = ageRing(age_s, this.options.stale_after_s);
    const isStale = age_s > this.options.stale_after_s;
    const label = isStale ? `${unit.call_sign}\n${this.options.ageWords(age_s)}` : unit.call_sign;
    this.fixTimes.set(id, { fix_at: position.fix_at, ring, minute: isStale ? Math.floor(age_s / 60) : 0 });
    this.units.set(id, unitFeature({ unit, position, ring, label }));
  }

  /** Positions age without any news: only units whose ring or word changes are drawn again. */
  private refreshAges(): void {
    const { store, stale_after_s } = this.options;
    for (const [id, held] of this.fixTimes) {
      const age_s = store.time.age_s(held.fix_at);
      const minute = age_s > stale_after_s ? Math.floor(age_s / 60) : 0;
      if (ageRing(age_s, stale_after_s) !== held.ring || minute !== held.minute) this.setUnit(id);
    }
  }

  private draw(): void {
    const now_ms = performance.now();
    if (now_ms - this.lastKey_ms < FOLLOW_AFTER_MS && now_ms - this.lastDraw_ms < HELD_BACK_MS) return;
    this.lastDraw_ms = now_ms;
    for (const [name, table] of [["incidents", this.incidents], ["units", this.units]] as const) {
      const diff = table.drain();
      if (!diff) continue;
      this.drawn += 1;
      void this.source(name).updateData(diff);
    }
  }

  private recolour(): void {
    for (const layer of layers(this.options.theme)) {
      for (const [key, value] of Object.entries(layer.paint ?? {})) this.map.setPaintProperty(layer.id, key as never, value as never);
      const icon = layer.type === "symbol" ? layer.layout?.["icon-image"] : undefined;
      if (icon !== undefined) this.map.setLayoutProperty(layer.id, "icon-image", icon);
    }
    if (this.options.basemap) void addBasemap(this.map, this.options.theme).catch(() => undefined);
  }

  // ---- the pointer ---------------------------------------------------------------------------------------------------

  private listen(): void {
    this.map.on("click", (event) => this.click(event));
    for (const layer of ["incidents", "incidents-urgent", "units-sign", "units-dot"] as const) {
      this.map.on("mousemove", layer, (event) => this.hover(layer, event));
      this.map.on("mouseleave", layer, () => this.options.onHover?.(null));
    }
    this.map.on("mousemove", "territories-fill", (event) => {
      if (this.options.onTerritory) this.hoverTerritory(Number(event.features?.[0]?.properties.id));
    });
    this.map.on("mouseleave", "territories-fill", () => this.hoverTerritory(null));
    this.map.on("movestart", () => this.options.onHover?.(null));
  }

  private click(event: MapMouseEvent): void {
    const { onPick, onIncident, onUnit, onTerritory } = this.options;
    if (onPick) {
      this.clickedAt = { lon: round(event.lngLat.lng), lat: round(event.lngLat.lat) };
      return onPick(this.clickedAt);
    }
    const at: [[number, number], [number, number]] = [[event.point.x - 4, event.point.y - 4], [event.point.x + 4, event.point.y + 4]];
    const hit = (layer: string) => this.map.queryRenderedFeatures(at, { layers: [layer] })[0]?.properties;
    const incident = hit("incidents-urgent") ?? hit("incidents");
    if (incident) return onIncident?.(String(incident.uid));
    const unit = hit("units-sign");
    if (unit) return onUnit?.(String(unit.uid));
    const territory = hit("territories-fill");
    if (territory) onTerritory?.(Number(territory.id));
  }

  private hover(layer: string, event: MapLayerMouseEvent): void {
    const id = event.features?.[0]?.properties.uid as string | undefined;
    if (!id) return;
    this.options.onHover?.({ kind: layer.startsWith("units") ? "unit" : "incident", id, x: event.point.x, y: event.point.y });
  }

  private hoverTerritory(id: number | null): void {
    if (id === this.hovered) return;
    if (this.hovered !== null) this.map.setFeatureState({ source: "territories", id: this.hovered }, { hover: false });
    this.hovered = id;
    if (id !== null) this.map.setFeatureState({ source: "territories", id }, { hover: true });
    this.map.getCanvas().style.cursor = id === null ? "" : "pointer";
  }
}

function pointAt(place: { lon: number; lat: number } | null): GeoJSON.FeatureCollection {
  const features = place ? [{ type: "Feature" as const, geometry: { type: "Point" as const, coordinates: [place.lon, place.lat] }, properties: {} }] : [];
  return { type: "FeatureCollection", features };
}

function isSame(one: { lon: number; lat: number }, other: { lon: number; lat: number } | null): boolean {
  return one.lon === other?.lon && one.lat === other.lat;
}

function calm(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** About a metre. */
function round(degrees: number): number {
  return Math.round(degrees * 1e5) / 1e5;
}
