// Pure: the documentation's Markdown as blocks and pieces of text. Knows exactly what those files use: headings, paragraphs,
// lists, tables and fenced code; bold, emphasis, code and links. A line that is a picture is left out: they show the console, and who
// reads this is in it. Anything else stays the text it is, so nothing can be injected.

export type Piece = { kind: 'text' | 'code' | 'strong' | 'em'; text: string } | { kind: 'link'; text: string; href: string };
export type Block =
  | { kind: 'heading'; level: number; pieces: Piece[] }
  | { kind: 'paragraph'; pieces: Piece[] }
  | { kind: 'code'; text: string }
  | { kind: 'list'; ordered: boolean; items: Piece[][] }
  | { kind: 'table'; head: Piece[][]; rows: Piece[][][] };

const picture = /^!\[[^\]]*\]\([^)\s]+\)\s*$/;
const listItem = /^\s*(?:[-*]|\d+\.) +/;

export function blocksOf(markdown: string): Block[] {
  const lines = markdown.replaceAll('\r\n', '\n').split('\n');
  const blocks: Block[] = [];
  let at = 0;
  /** Takes lines while they belong together. */
  const takeWhile = (belongs: (line: string) => boolean): string[] => {
    const from = at;
    while (at < lines.length && belongs(lines[at] ?? '')) at++;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at] ?? '';
    const heading = /^(#{1,6}) +(.*)$/.exec(line);
    if (line.trim() === '' || picture.test(line)) at++;
    else if (heading) {
      blocks.push({ kind: 'heading', level: heading[1]?.length ?? 1, pieces: piecesOf(heading[2] ?? '') });
      at++;
    } else if (line.startsWith('```')) {
      at++;
      blocks.push({ kind: 'code', text: takeWhile((each) => !each.startsWith('```')).join('\n') });
      at++;
    } else if (line.startsWith('|')) blocks.push(table(takeWhile((each) => each.startsWith('|'))));
    else if (listItem.test(line)) blocks.push(list(takeWhile((each) => each.trim() !== '')));
    else blocks.push({ kind: 'paragraph', pieces: piecesOf(takeWhile((each) => each.trim() !== '' && !/^(#{1,6} |```|\|)/.test(each)).join(' ')) });
  }
  return blocks;
}

function table(lines: string[]): Block {
  const rows = lines.map((line) => line.trim().replace(/^\||\|$/g, '').split(/(?<!\\)\|/).map((cell) => piecesOf(cell.trim().replaceAll('\\|', '|'))));
  const ruled = /^[|\s:-]+$/.test(lines[1] ?? '');
  return ruled ? { kind: 'table', head: rows[0] ?? [], rows: rows.slice(2) } : { kind: 'table', head: [], rows };
}

function list(lines: string[]): Block {
  const items: string[] = [];
  for (const line of lines) {
    if (listItem.test(line)) items.push(line.replace(listItem, ''));
    else items.push(`${items.pop() ?? ''} ${line.trim()}`);
  }
  return { kind: 'list', ordered: /^\s*\d/.test(lines[0] ?? ''), items: items.map(piecesOf) };
}

export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(/`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]+)\]\(([^)\s]+)\)/g)) {
    if (match.index > from) pieces.push({ kind: 'text', text: text.slice(from, match.index) });
    const [whole, code, strong, em, label, href] = match;
    if (code !== undefined) pieces.push({ kind: 'code', text: code });
    else if (strong !== undefined) pieces.push({ kind: 'strong', text: strong });
    else if (em !== undefined) pieces.push({ kind: 'em', text: em });
    else if (label !== undefined && href !== undefined) pieces.push({ kind: 'link', text: label, href });
    from = match.index + whole.length;
  }
  if (from < text.length) pieces.push({ kind: 'text', text: text.slice(from) });
  return pieces;
}
