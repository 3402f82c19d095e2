// Owns text laid out for a terminal: aligned columns, pairs of name and value, wrapped paragraphs. Pure.

export type Column<Row> = { title: string; right?: boolean; text(row: Row): string };

/** Columns two spaces apart, the last one not padded, so that lines carry no trailing blanks. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = [columns.map((column) => column.title), ...rows.map((row) => columns.map((column) => column.text(row)))];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => displayWidth(line[index] ?? ''))));
  return cells
    .map((line) => line.map((text, index) => pad(text, widths[index] ?? 0, columns[index]?.right ?? false)).join('  ').trimEnd())
    .join('\n');
}

/** "Name      Lab Win11" lines; pairs whose value is empty are left out. */
export function pairs(values: readonly (readonly [string, string])[]): string {
  const shown = values.filter(([, value]) => value !== '');
  const left = Math.max(0, ...shown.map(([name]) => displayWidth(name)));
  return shown.map(([name, value]) => `${pad(name, left, false)}  ${value.replaceAll('\n', `\n${' '.repeat(left + 2)}`)}`).join('\n');
}

export function wrap(text: string, width: number): string {
  return text.split('\n').map((paragraph) => {
    const lines = [''];
    for (const word of paragraph.split(' ')) {
      const line = lines.at(-1) ?? '';
      if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
      else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
    }
    return lines.join('\n');
  }).join('\n');
}

/** A name from elsewhere, safe to print: control characters would let it rewrite the terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�');
}

function pad(text: string, width: number, right: boolean): string {
  const blanks = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return right ? blanks + text : text + blanks;
}

const wide = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u{ff01}-\u{ff60}\p{Emoji_Presentation}]/u;
const segments = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Columns a terminal gives the text: East Asian wide characters and emoji take two, combining marks none of their own. */
export function displayWidth(text: string): number {
  let columns = 0;
  for (const { segment } of segments.segment(text)) columns += wide.test(segment) ? 2 : 1;
  return columns;
}
