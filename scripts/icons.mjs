// Draws Platen's mark (a disk's platter with its arm) and writes resources/icons: one SVG, PNGs in the sizes
// desktops ask for, and Windows' and macOS' icon files.
// Run by hand when the mark changes; plain Node, so that the files can be made again anywhere.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { root } from './sources.mjs';

/** @typedef {[red: number, green: number, blue: number]} Colour */
/** A shape in a square of 0…1: true where the point is inside. @typedef {(x: number, y: number) => boolean} Shape */

const [blue, white, sky] = /** @type {Colour[]} */ ([[28, 100, 200], [255, 255, 255], [150, 196, 250]]);
const [platter, band, hub, hole] = [0.36, 0.25, 0.12, 0.045];
const arm = { fromX: 0.82, fromY: 0.82, toX: 0.6, toY: 0.4, halfWidth: 0.032 };

/** @param {number} radius @returns {Shape} */
const disk = (radius) => (x, y) => Math.hypot(x - 0.5, y - 0.5) <= radius;

/** @type {Shape} */
function plate(x, y) {
  const corner = 0.2;
  const [dx, dy] = [Math.max(corner - x, x - (1 - corner), 0), Math.max(corner - y, y - (1 - corner), 0)];
  return Math.hypot(dx, dy) <= corner;
}

/** @type {Shape} */
function armShape(x, y) {
  const [vx, vy] = [arm.toX - arm.fromX, arm.toY - arm.fromY];
  const along = Math.min(1, Math.max(0, ((x - arm.fromX) * vx + (y - arm.fromY) * vy) / (vx * vx + vy * vy)));
  return Math.hypot(x - arm.fromX - along * vx, y - arm.fromY - along * vy) <= arm.halfWidth;
}

/** Bottom to top. @type {Array<{ shape: Shape, colour: Colour }>} */
const layers = [
  { shape: plate, colour: blue ?? [0, 0, 0] },
  { shape: disk(platter), colour: white ?? [0, 0, 0] },
  { shape: disk(band), colour: sky ?? [0, 0, 0] },
  { shape: disk(hub), colour: white ?? [0, 0, 0] },
  { shape: disk(hole), colour: blue ?? [0, 0, 0] },
  { shape: armShape, colour: blue ?? [0, 0, 0] },
];

/**
 * One row of RGBA bytes; four by four samples a pixel make the edges smooth.
 * @param {number} y @param {number} size
 */
function row(y, size) {
  const samples = 4;
  const bytes = Buffer.alloc(size * 4);
  for (let x = 0; x < size; x += 1) {
    let [red, green, blueSum, covered] = [0, 0, 0, 0];
    for (let sample = 0; sample < samples * samples; sample += 1) {
      const [px, py] = [(x + ((sample % samples) + 0.5) / samples) / size, (y + (Math.floor(sample / samples) + 0.5) / samples) / size];
      const top = layers.findLast((layer) => layer.shape(px, py));
      if (top === undefined) continue;
      covered += 1;
      red += top.colour[0];
      green += top.colour[1];
      blueSum += top.colour[2];
    }
    if (covered > 0) bytes.set([Math.round(red / covered), Math.round(green / covered), Math.round(blueSum / covered), Math.round((covered * 255) / (samples * samples))], x * 4);
  }
  return bytes;
}

/** @param {string} type @param {Buffer} data */
function pngChunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

/** @param {number} size */
function png(size) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 6, 0, 0, 0], 8); // 8 bits a sample, RGBA, deflate, no filter method, not interlaced
  const rows = Array.from({ length: size }, (_, y) => Buffer.concat([Buffer.from([0]), row(y, size)]));
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    pngChunk('IHDR', header), pngChunk('IDAT', deflateSync(Buffer.concat(rows), { level: 9 })), pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function svg() {
  /** @param {Colour | undefined} colour */
  const hex = (colour) => `#${(colour ?? [0, 0, 0]).map((part) => part.toString(16).padStart(2, '0')).join('')}`;
  /** @param {number} radius @param {Colour | undefined} colour */
  const circle = (radius, colour) => `<circle cx="50" cy="50" r="${radius * 100}" fill="${hex(colour)}"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">
  <rect width="100" height="100" rx="20" fill="${hex(blue)}"/>
  ${circle(platter, white)}${circle(band, sky)}${circle(hub, white)}${circle(hole, blue)}
  <path d="M${arm.fromX * 100} ${arm.fromY * 100}L${arm.toX * 100} ${arm.toY * 100}" stroke="${hex(blue)}" stroke-width="${arm.halfWidth * 200}" stroke-linecap="round"/>
</svg>
`;
}

/**
 * Windows' icon file: a directory of pictures, each a PNG (as Windows reads them since Vista).
 * @param {number[]} sizes
 */
function ico(sizes) {
  const pictures = sizes.map(png);
  const head = Buffer.alloc(6 + 16 * sizes.length);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(sizes.length, 4);
  let offset = head.length;
  for (const [index, picture] of pictures.entries()) {
    const at = 6 + 16 * index;
    const size = sizes[index] ?? 0;
    head.set([size === 256 ? 0 : size, size === 256 ? 0 : size, 0, 0, 1, 0, 32, 0], at);
    head.writeUInt32LE(picture.length, at + 8);
    head.writeUInt32LE(offset, at + 12);
    offset += picture.length;
  }
  return Buffer.concat([head, ...pictures]);
}

/** macOS' icon file: PNGs under the type that stands for their size. */
function icns() {
  const entries = /** @type {Array<[string, number]>} */ ([['icp4', 16], ['ic11', 32], ['ic12', 64], ['ic07', 128], ['ic08', 256], ['ic13', 256], ['ic09', 512], ['ic14', 512], ['ic10', 1024]]);
  const blocks = entries.map(([type, size]) => {
    const picture = png(size);
    const head = Buffer.alloc(8);
    head.write(type, 'latin1');
    head.writeUInt32BE(picture.length + 8, 4);
    return Buffer.concat([head, picture]);
  });
  const head = Buffer.alloc(8);
  head.write('icns', 'latin1');
  head.writeUInt32BE(8 + blocks.reduce((sum, block) => sum + block.length, 0), 4);
  return Buffer.concat([head, ...blocks]);
}

const folder = join(root, 'resources', 'icons');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'platen.svg'), svg());
for (const size of [16, 32, 48, 128, 256, 512]) writeFileSync(join(folder, `platen-${size}.png`), png(size));
writeFileSync(join(folder, 'platen.ico'), ico([16, 32, 48, 256]));
writeFileSync(join(folder, 'platen.icns'), icns());
