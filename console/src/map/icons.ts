/**
 * Draws every sign of the map on a canvas when the map first asks for it: there is no sprite and no glyph server.
 * An icon's name says all there is to draw: "theme|i|rank|code", "theme|u|status|ring", "theme|t|style|text".
 */
import { MAP_THEMES, unitGroup, type MapTheme, type ThemeName } from "./theme";

export const PIXEL_RATIO = 2;
/** Ring of a unit: how much of its age is left before it counts as stale; this one is past it. */
export const STALE_RING = 3;

const LONGEST_LABEL = 36;
const FONT = '"Inter Variable", system-ui, sans-serif';

export function drawIcon(name: string): ImageData | null {
  const [themeName, kind, first = "", ...rest] = name.split("|");
  const theme = MAP_THEMES[themeName as ThemeName];
  if (!theme) return null;
  const second = rest.join("|");
  if (kind === "i") return drawIncident(theme, Number(first), second);
  if (kind === "u") return drawUnit(theme, first, Number(second));
  if (kind === "t") return drawLabel(theme, first, second);
  return null;
}

function canvas(width: number, height: number): CanvasRenderingContext2D {
  const element = document.createElement("canvas");
  element.width = Math.ceil(width * PIXEL_RATIO);
  element.height = Math.ceil(height * PIXEL_RATIO);
  const context = element.getContext("2d", { willReadFrequently: true })!;
  context.scale(PIXEL_RATIO, PIXEL_RATIO);
  context.lineJoin = "round";
  return context;
}

function finish(context: CanvasRenderingContext2D): ImageData {
  return context.getImageData(0, 0, context.canvas.width, context.canvas.height);
}

/** The same shapes as in the queue: triangle, diamond, square, circle. */
function drawIncident(theme: MapTheme, rank: number, code: string): ImageData {
  const size = rank === 0 ? 28 : rank < 3 ? 24 : 21;
  const at = Math.min(rank, 4);
  const c = canvas(size, size);
  const [low, high, mid] = [2, size - 2, size / 2];
  c.beginPath();
  if (rank === 0) {
    c.moveTo(mid, low);
    c.lineTo(high, high - 1);
    c.lineTo(low, high - 1);
  } else if (rank === 1) {
    c.moveTo(mid, low);
    c.lineTo(high, mid);
    c.lineTo(mid, high);
    c.lineTo(low, mid);
  } else if (rank === 2) {
    c.rect(low + 1, low + 1, size - 6, size - 6);
  } else {
    c.arc(mid, mid, size / 2 - 2, 0, Math.PI * 2);
  }
  c.closePath();
  c.fillStyle = theme.priorities[at]!;
  c.strokeStyle = theme.outline;
  c.lineWidth = 2;
  c.fill();
  c.stroke();
  c.fillStyle = theme.priorityInk[at]!;
  c.font = `700 11px ${FONT}`;
  c.textAlign = "center";
  c.textBaseline = "middle";
  c.fillText(code.slice(0, 2), mid, rank === 0 ? mid + 4.5 : mid + 0.5);
  return finish(c);
}

function drawUnit(theme: MapTheme, status: string, ring: number): ImageData {
  const size = 26;
  const mid = size / 2;
  const colour = theme.units[unitGroup(status)];
  const isStale = ring >= STALE_RING;
  const c = canvas(size, size);
  if (isStale) c.globalAlpha = 0.75;

  // The age ring: full when fresh, a third less for each third of the limit; broken when stale.
  c.beginPath();
  c.lineWidth = 2;
  c.strokeStyle = colour;
  if (isStale) {
    c.setLineDash([2.5, 2.5]);
    c.arc(mid, mid, 10.5, 0, Math.PI * 2);
  } else {
    c.arc(mid, mid, 11, -Math.PI / 2, -Math.PI / 2 + Math.PI * 2 * (1 - ring / STALE_RING));
  }
  c.stroke();
  c.setLineDash([]);

  if (!isStale) {
    c.beginPath();
    c.arc(mid, mid, 8, 0, Math.PI * 2);
    c.fillStyle = colour;
    c.fill();
  }
  c.strokeStyle = isStale ? colour : theme.outline;
  c.lineWidth = 2;
  c.lineCap = "round";
  drawStatusSign(c, status, mid);
  return finish(c);
}

/** The same signs as in the list of units. */
function drawStatusSign(c: CanvasRenderingContext2D, status: string, mid: number): void {
  const line = (...points: [number, number][]) => {
    c.beginPath();
    points.forEach(([x, y], index) => (index === 0 ? c.moveTo(mid + x, mid + y) : c.lineTo(mid + x, mid + y)));
    c.stroke();
  };
  switch (status) {
    case "available":
      return line([-3.5, 0.5], [-1, 3], [3.5, -2.5]);
    case "assigned":
      return line([0, -3.5], [0, 0.5], [2.5, 2]);
    case "en_route":
      return line([-2, -3.5], [2.5, 0], [-2, 3.5]);
    case "on_scene":
      line([0, -3.5], [0, 3.5]);
      return line([-3.5, 0], [3.5, 0]);
    case "transporting":
      line([-3.5, 0], [3.5, 0]);
      return line([0.5, -3], [3.5, 0], [0.5, 3]);
    case "at_hospital":
      line([-2.5, -3.5], [-2.5, 3.5]);
      line([2.5, -3.5], [2.5, 3.5]);
      return line([-2.5, 0], [2.5, 0]);
    case "out_of_service":
      line([-2.8, -2.8], [2.8, 2.8]);
      return line([2.8, -2.8], [-2.8, 2.8]);
    default:
      return line([-3, 0], [3, 0]);
  }
}

/** Lines of a label are parted by a newline; the first is the name. Bidirectional text is the canvas's own work. */
function drawLabel(theme: MapTheme, style: string, text: string): ImageData {
  const isStale = style === "stale";
  const isTerritory = style === "territory" || style === "near";
  const hasGround = style === "territory";
  const lines = text.split("\n").map(shorten);
  const fontPx = isTerritory ? 12 : 11;
  const font = (index: number) => `${isStale ? "italic " : ""}${index === 0 && isTerritory ? 600 : 500} ${fontPx}px ${FONT}`;
  const measure = canvas(1, 1);
  const width = Math.max(
    ...lines.map((line, index) => {
      measure.font = font(index);
      return measure.measureText(line).width;
    }),
  );
  const lineHeight = fontPx + 3;
  const c = canvas(width + 8, lines.length * lineHeight + 4);
  c.textAlign = "center";
  c.textBaseline = "middle";
  c.lineWidth = 3.5;
  c.strokeStyle = theme.labelHalo;
  c.fillStyle = theme.label;
  if (hasGround) {
    c.globalAlpha = 0.78;
    c.fillStyle = theme.labelHalo;
    c.beginPath();
    c.roundRect(0, 0, width + 8, lines.length * lineHeight + 4, 3);
    c.fill();
    c.globalAlpha = 1;
    c.fillStyle = theme.label;
  }
  lines.forEach((line, index) => {
    c.font = font(index);
    const [x, y] = [(width + 8) / 2, 2 + lineHeight * (index + 0.5)];
    if (!hasGround) c.strokeText(line, x, y);
    c.fillText(line, x, y);
  });
  return finish(c);
}

function shorten(text: string): string {
  const letters = [...text];
  return letters.length > LONGEST_LABEL ? `${letters.slice(0, LONGEST_LABEL - 1).join("")}…` : text;
}
