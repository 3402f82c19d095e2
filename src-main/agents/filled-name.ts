// Owns whether a name can have come of a task's template: {name}, {serial}, {model} and {date} stand for anything, the rest for itself. Pure.
const fields = /\{(?:name|serial|model|date)\}/;
const looksLikeGuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Blanks at the ends are taken away where a field is empty. */
const bare = (text: string): string => text.replaceAll(/\s/g, '');

export function isFilledFrom(template: string, name: string): boolean {
  const parts = template.split(fields).map(bare);
  const text = bare(name);
  const [first = '', ...others] = parts;
  const last = others.pop();
  if (last === undefined) return text === first;
  // What is a GUID names an image that is there, and no new one.
  if (looksLikeGuid.test(name.trim()) || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of others) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}
