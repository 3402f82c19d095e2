// Owns reading a virtual machine's screen: a picture of text becomes text, by comparing each cell with the glyphs of the VGA font, which
// Linux's console and the text mode share. Screens drawn with another font (the firmware's own) read as question marks.
import { readFileSync } from 'node:fs';

export type Picture = { width: number; height: number; /** Three bytes a pixel. */ pixels: Uint8Array };

const ROWS = 16;
const BITS = 8;
/** A cursor may lie over a glyph: two rows of it at most. */
const MAX_DIFFERENCE = 6;
/** Where the kernel's font is another than the adapter's. */
const kernelGlyphs: Readonly<Record<string, string>> = {
  0: '0000386cc6c6d6d6c6c66c3800000000', M: '0000c6eefefed6c6c6c6c6c600000000', T: '00007e7e5a1818181818183c00000000', V: '0000c6c6c6c6c6c6c66c381000000000', W: '0000c6c6c6c6d6d6d6feee6c00000000',
  X: '0000c6c66c7c38387c6cc6c600000000', Y: '0000666666663c181818183c00000000', Z: '0000fec6860c183060c2c6fe00000000', '`': '0030180c000000000000000000000000', f: '00001c36323078303030307800000000',
  m: '0000000000ecfed6d6d6d6c600000000', v: '0000000000c6c6c6c6c66c3800000000', w: '0000000000c6c6d6d6d6fe6c00000000', x: '0000000000c66c3838386cc600000000', '|': '00001818181818181818181800000000',
  '~': '0076dc00000000000000000000000000', Ç: '00003c66c2c0c0c0c0c2663c18700000', ç: '00000000007cc6c0c0c0c67c18700000', '·': '00000000000000180000000000000000',
};
/** The adapter's firmware, which has the font in it; its second glyph is a smiling face. */
const fontHolder = '/usr/share/seabios/vgabios-stdvga.bin';
const secondGlyph = Buffer.from('00007e81a58181bd9981817e00000000', 'hex');
const upper = 'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ';
const lower = ' ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼';

type Glyph = { char: string; bits: Buffer };
let glyphs: { exact: Map<string, string>; all: Glyph[] } | null = null;

function font(): { exact: Map<string, string>; all: Glyph[] } {
  if (glyphs !== null) return glyphs;
  const bytes = readFileSync(fontHolder);
  const at = bytes.indexOf(Buffer.concat([Buffer.alloc(ROWS), secondGlyph]));
  if (at < 0) throw new Error(`${fontHolder} holds no font that is known`);
  const all: Glyph[] = [];
  for (let code = 0; code < 256; code++) {
    const char = code < 32 ? lower[code] : code === 127 ? '⌂' : code < 127 ? String.fromCharCode(code) : upper[code - 128];
    all.push({ char: char ?? '?', bits: bytes.subarray(at + code * ROWS, at + (code + 1) * ROWS) });
  }
  // Of glyphs that look the same the plain one counts.
  const exact = new Map(all.toReversed().map(({ char, bits }) => [bits.toString('latin1'), char]));
  for (const [char, hex] of Object.entries(kernelGlyphs)) {
    const bits = Buffer.from(hex, 'hex');
    all.push({ char, bits });
    exact.set(bits.toString('latin1'), char);
  }
  exact.set(Buffer.alloc(ROWS).toString('latin1'), ' ');
  glyphs = { exact, all };
  return glyphs;
}

/** A portable pixmap (P6, 255) as QEMU writes it. */
export function readPicture(file: Uint8Array): Picture {
  const head = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(Buffer.from(file.subarray(0, 64)).toString('latin1'));
  if (head === null) throw new Error('this is no portable pixmap');
  return { width: Number(head[1]), height: Number(head[2]), pixels: file.subarray(head[0].length) };
}

/** Lines of the screen without what is blank at their ends. */
export function readText(picture: Picture): string {
  // In VGA's text mode a cell is nine pixels wide, of which the last is drawn by rule.
  const cellWidth = picture.width === 720 ? BITS + 1 : BITS;
  const lines: string[] = [];
  for (let top = 0; top + ROWS <= picture.height; top += ROWS) {
    let line = '';
    for (let left = 0; left + BITS <= picture.width; left += cellWidth) line += cell(picture, left, top);
    lines.push(line.trimEnd());
  }
  return lines.join('\n').trimEnd();
}

function cell({ width, pixels }: Picture, left: number, top: number): string {
  const color = (x: number, y: number): number => {
    const at = ((top + y) * width + left + x) * 3;
    return ((pixels[at] ?? 0) << 16) | ((pixels[at + 1] ?? 0) << 8) | (pixels[at + 2] ?? 0);
  };
  const paper = color(0, 0);
  const bits = Buffer.alloc(ROWS);
  let ink: number | null = null;
  for (let y = 0; y < ROWS; y++) {
    for (let x = 0; x < BITS; x++) {
      const here = color(x, y);
      if (here === paper) continue;
      ink ??= here;
      if (here !== ink) return '?';
      bits[y] = (bits[y] ?? 0) | (0x80 >> x);
    }
  }
  return ink === null ? ' ' : glyph(bits);
}

/** The first pixel may be ink: then everything is the other way round. */
function glyph(bits: Buffer): string {
  const { exact, all } = font();
  const other = Buffer.from(bits.map((row) => ~row & 0xff));
  const found = exact.get(bits.toString('latin1')) ?? exact.get(other.toString('latin1'));
  if (found !== undefined) return found;
  let best = { char: '?', difference: MAX_DIFFERENCE + 1 };
  for (const { char, bits: known } of all) {
    for (const each of [bits, other]) {
      const difference = distance(each, known);
      if (difference < best.difference) best = { char, difference };
    }
  }
  exact.set(bits.toString('latin1'), best.char);
  return best.char;
}

function distance(left: Uint8Array, right: Uint8Array): number {
  let sum = 0;
  for (let row = 0; row < ROWS; row++) {
    for (let rest = (left[row] ?? 0) ^ (right[row] ?? 0); rest !== 0; rest &= rest - 1) sum++;
  }
  return sum;
}
