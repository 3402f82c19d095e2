// Owns which characters a terminal can show and how wide they are. Every text of a screen passes here before it is measured, so
// that nothing from outside (names, labels, messages) can move the cursor or break a column. Pure.

/** ascii: vt100 and unknown. cp437: the glyphs of a text console's built-in font. unicode: a terminal window. */
export type Charset = 'ascii' | 'cp437' | 'unicode';

const cp437Letters = 'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■';
const cp437Marks = '☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀';
const cp437 = new Set([...cp437Letters, ...cp437Marks]);

/** What stands for a character that a terminal lacks. Letters with accents fall back to the letter by themselves. */
const substitutes: Record<string, string> = {
  '…': '...', '“': '"', '”': '"', '„': '"', '‘': "'", '’': "'", '‚': ',', '–': '-', '—': '-', '−': '-', '‐': '-', '‑': '-', '×': 'x', '·': '-', '•': '*', '✓': '√', '▸': '►',
  'ß': 'ss', 'æ': 'ae', 'Æ': 'AE', 'ø': 'o', 'Ø': 'O', 'œ': 'oe', 'Œ': 'OE', 'ł': 'l', 'Ł': 'L', 'đ': 'd', 'Đ': 'D', 'ı': 'i', '€': 'EUR', '£': 'GBP', '°': 'deg', 'µ': 'u', 'μ': 'µ', '«': '"', '»': '"',
  '█': '#', '▓': '#', '▒': ':', '░': '.', '▌': '|', '▐': '|', '▀': '"', '▄': '_', '■': '#', '►': '>', '◄': '<', '▲': '^', '▼': 'v', '→': '>', '←': '<', '↑': '^', '↓': 'v', '√': '*',
  '─': '-', '═': '=', '│': '|', '║': '|', '┌': '+', '┐': '+', '└': '+', '┘': '+', '├': '+', '┤': '+', '┬': '+', '┴': '+', '┼': '+', '½': '1/2', '¼': '1/4', '²': '2', '±': '+-', '≥': '>=', '≤': '<=',
};

/** Columns a character takes: 0, 1 or 2. Emoji and what terminals disagree on never get here: fold replaces them. */
export function charWidth(char: string): 0 | 1 | 2 {
  if (char === '') return 0;
  const point = char.codePointAt(0) ?? 0;
  return isWide(point) ? 2 : 1;
}

export function textWidth(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

/** The text as this terminal can show it: one line, no control characters, nothing of doubtful width. */
export function fold(text: string, charset: Charset): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  let folded = '';
  for (const char of text.normalize('NFC').replaceAll(/[\t\r\n\v\f\u2028\u2029]+/g, ' ')) folded += foldChar(char, charset);
  return folded;
}

function foldChar(char: string, charset: Charset): string {
  const point = char.codePointAt(0) ?? 0;
  if (point >= 0x20 && point < 0x7f) return char;
  if (point < 0xa0) return '';
  if (point === 0xa0 || (point >= 0x2000 && point <= 0x200a) || point === 0x3000) return ' ';
  if (isInvisible(char)) return '';
  if (charset === 'unicode' && isDependable(char, point)) return char;
  if (charset === 'cp437' && cp437.has(char)) return char;
  return substituteOf(char, charset);
}

function substituteOf(char: string, charset: Charset): string {
  const direct = substitutes[char];
  if (direct !== undefined) return [...direct].every((each) => each <= '~') ? direct : fold(direct, charset);
  const [letter] = char.normalize('NFD');
  return letter !== undefined && letter >= ' ' && letter <= '~' ? letter : '?';
}

/** Marks that combine, directions, joiners: they take no column, and some turn a line around. */
function isInvisible(char: string): boolean {
  return /^[\p{M}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Cc}]$/u.test(char);
}

/** Letters, digits and signs every terminal draws in one column, or East Asian ones in two. Right-to-left scripts would turn the line. */
function isDependable(char: string, point: number): boolean {
  if (isWide(point)) return true;
  if (point < 0x590) return true;
  if (cp437.has(char)) return true;
  if (point >= 0x1e00 && point <= 0x1fff) return true;
  return (point >= 0x2010 && point <= 0x2027) || (point >= 0x20a0 && point <= 0x20bf) || point === 0x2212 || (point >= 0xff61 && point <= 0xff9f);
}

function isWide(point: number): boolean {
  return (point >= 0x1100 && point <= 0x115f) || (point >= 0x2e80 && point <= 0x303e) || (point >= 0x3041 && point <= 0x33ff) || (point >= 0x3400 && point <= 0x4dbf)
    || (point >= 0x4e00 && point <= 0x9fff) || (point >= 0xa000 && point <= 0xa4cf) || (point >= 0xac00 && point <= 0xd7a3) || (point >= 0xf900 && point <= 0xfaff)
    || (point >= 0xfe30 && point <= 0xfe4f) || (point >= 0xff00 && point <= 0xff60) || (point >= 0xffe0 && point <= 0xffe6);
}

/** Folded text cut to a width, its end marked. */
export function cut(text: string, width: number, charset: Charset): string {
  if (textWidth(text) <= width) return text;
  const mark = charset === 'unicode' ? '…' : width < 8 ? '' : '..';
  return head(text, width - textWidth(mark)) + mark;
}

/** Folded text cut in its middle: of names and paths both ends tell them apart. */
export function cutMiddle(text: string, width: number, charset: Charset): string {
  if (textWidth(text) <= width) return text;
  const mark = charset === 'unicode' ? '…' : '..';
  const room = width - textWidth(mark);
  if (room < 6) return cut(text, width, charset);
  const left = Math.ceil(room / 2);
  return head(text, left) + mark + tail(text, room - left);
}

function head(text: string, width: number): string {
  let [taken, used] = ['', 0];
  for (const char of text) {
    used += charWidth(char);
    if (used > width) break;
    taken += char;
  }
  return taken;
}

function tail(text: string, width: number): string {
  let [taken, used] = ['', 0];
  for (const char of [...text].toReversed()) {
    used += charWidth(char);
    if (used > width) break;
    taken = char + taken;
  }
  return taken;
}

/** Folded text in lines of at most `width` columns, broken at spaces; a longer word is broken where the line ends. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (let word of text.split(/ +/).filter((each) => each !== '')) {
    if (line !== '' && textWidth(line) + 1 + textWidth(word) <= width) {
      line += ` ${word}`;
      continue;
    }
    if (line !== '') lines.push(line);
    while (textWidth(word) > width) {
      const part = head(word, width) || ([...word][0] ?? '');
      lines.push(part);
      word = word.slice(part.length);
    }
    line = word;
  }
  if (line !== '') lines.push(line);
  return lines;
}
