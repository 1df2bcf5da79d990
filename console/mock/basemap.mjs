// A whole base map in a few hundred bytes: a PMTiles 3 archive with one blue-grey raster tile of the world. For checks only.
import { deflateSync } from "node:zlib";

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  body.copy(whole, 4);
  whole.writeUInt32BE(crc32(body), body.length + 4);
  return whole;
}

/** A square PNG of one colour. */
function png(size, [red, green, blue]) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.concat([Buffer.from([0]), Buffer.concat(Array.from({ length: size }, () => Buffer.from([red, green, blue])))]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: size }, () => row)));
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk("IHDR", header), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))]);
}

function varint(value) {
  const bytes = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest >= 128 ? (rest % 128) | 128 : rest);
    if (rest < 128) return bytes;
  }
}

export function basemap() {
  const tile = png(256, [120, 160, 190]);
  const directory = Buffer.from([1, 0, 1, ...varint(tile.length), 1]); // one entry: tile 0, run of 1, its length, offset 0
  const metadata = Buffer.from(JSON.stringify({ attribution: "<a href=\"https://example.org\">Made for checks</a>" }));
  const header = Buffer.alloc(127);
  header.write("PMTiles", 0);
  header[7] = 3;
  const at = { directory: 127, metadata: 127 + directory.length, tile: 127 + directory.length + metadata.length };
  const numbers = [at.directory, directory.length, at.metadata, metadata.length, at.tile, 0, at.tile, tile.length, 1, 1, 1];
  numbers.forEach((value, index) => header.writeBigUInt64LE(BigInt(value), 8 + index * 8));
  header.set([1, 1, 1, 2, 0, 0], 96); // clustered, no compression twice, PNG, zoom 0 to 0
  [-180e7, -85e7, 180e7, 85e7].forEach((value, index) => header.writeInt32LE(value, 102 + index * 4));
  return Buffer.concat([header, directory, metadata, tile]);
}

/** Answers a byte range of it, as any static file server does. */
export function sendRange(request, response, whole) {
  const range = /^bytes=(\d+)-(\d+)?$/.exec(request.headers.range ?? "");
  if (!range) {
    response.writeHead(200, { "content-type": "application/vnd.pmtiles", "accept-ranges": "bytes" });
    return response.end(whole);
  }
  const start = Number(range[1]);
  const end = Math.min(whole.length - 1, Number(range[2] ?? whole.length - 1));
  response.writeHead(206, { "content-type": "application/vnd.pmtiles", "content-range": `bytes ${start}-${end}/${whole.length}`, etag: '"mock"' });
  response.end(whole.subarray(start, end + 1));
}
