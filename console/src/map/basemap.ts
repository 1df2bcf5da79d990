/** The optional base map: one PMTiles file of our own server, read in pieces by byte range. */
import { addProtocol, type Map as GlMap } from "maplibre-gl";
import { PMTiles, Protocol, TileType } from "pmtiles";
import { basemapLayers } from "./style";
import type { ThemeName } from "./theme";

let protocol: Protocol | null = null;

/** Puts the base map below everything else; called again it only changes the colours. Does nothing when the file cannot be read. */
export async function addBasemap(map: GlMap, theme: ThemeName): Promise<void> {
  const url = new URL("/basemap.pmtiles", location.href).href;
  if (!protocol) {
    protocol = new Protocol();
    addProtocol("pmtiles", protocol.tile);
    protocol.add(new PMTiles(url));
  }
  const file = protocol.get(url);
  if (!file) return;
  const header = await file.getHeader();
  const isVector = header.tileType === TileType.Mvt;
  if (!map.getSource("basemap")) {
    map.addSource("basemap", isVector ? { type: "vector", url: `pmtiles://${url}` } : { type: "raster", url: `pmtiles://${url}`, tileSize: 256 });
  }
  for (const layer of basemapLayers(theme, isVector)) {
    if (map.getLayer(layer.id)) map.removeLayer(layer.id);
    map.addLayer(layer, "territories-fill");
  }
  map.setPaintProperty("territories-fill", "fill-opacity", 0.25);
  showAttribution(map.getContainer(), await file.getMetadata());
}

/** Who made the base map, as its file says it: text only, whatever markup stands in it. */
function showAttribution(container: HTMLElement, metadata: unknown): void {
  const { attribution } = (metadata ?? {}) as { attribution?: unknown };
  if (typeof attribution !== "string" || container.querySelector(".map-attribution")) return;
  const line = document.createElement("p");
  line.className = "map-attribution";
  line.textContent = new DOMParser().parseFromString(attribution, "text/html").body.textContent;
  container.append(line);
}
