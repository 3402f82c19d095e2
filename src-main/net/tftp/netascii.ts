// Owns RFC 1350's text mode: a line ends with CR LF on the wire, and a CR that ends none is followed by NUL (RFC 764). A client that asked for
// it takes these out again, so that bytes sent as they are would arrive damaged.
const CR = 0x0d;
const LF = 0x0a;
/** By file, so that a room of clients costs one copy. */
const translated = new WeakMap<Uint8Array, Uint8Array>();

export function asNetascii(file: Uint8Array): Uint8Array {
  const known = translated.get(file);
  if (known !== undefined) return known;
  const special = file.reduce((sum, byte) => (byte === CR || byte === LF ? sum + 1 : sum), 0);
  const made = new Uint8Array(file.length + special);
  let at = 0;
  for (const byte of file) {
    if (byte === LF) made[at++] = CR;
    made[at++] = byte;
    if (byte === CR) made[at++] = 0;
  }
  translated.set(file, made);
  return made;
}
