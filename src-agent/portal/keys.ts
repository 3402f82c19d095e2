// Owns what bytes from a terminal mean as keys: every form a Linux console, a vt100 and terminal windows send, in pieces as they
// arrive. Pure; the caller owns the clock and says when an Esc has stood alone for long enough.

export type KeyName =
  | 'enter' | 'escape' | 'tab' | 'backspace' | 'delete' | 'insert' | 'up' | 'down' | 'left' | 'right' | 'home' | 'end' | 'page-up' | 'page-down'
  | 'f1' | 'f2' | 'f3' | 'f4' | 'f5' | 'f6' | 'f7' | 'f8' | 'f9' | 'f10' | 'f11' | 'f12' | 'ctrl-c' | 'ctrl-d' | 'ctrl-l' | 'ctrl-u' | 'ctrl-w';
/** text: one character typed. paste: a piece of text that must not act as keys. */
export type Key = { name: KeyName } | { name: 'text'; text: string } | { name: 'paste'; text: string };

/** How long an Esc waits for the rest of a sequence; long enough for a slow line, short enough not to be felt. */
export const ESCAPE_TIMEOUT_MS = 60;
const longestSequence = 64;
const longestPaste = 1000;

const letters: Record<string, KeyName> = { A: 'up', B: 'down', C: 'right', D: 'left', H: 'home', F: 'end', M: 'enter', P: 'f1', Q: 'f2', R: 'f3', S: 'f4' };
const linuxFunctions: Record<string, KeyName> = { A: 'f1', B: 'f2', C: 'f3', D: 'f4', E: 'f5' };
const numbers: Record<string, KeyName> = {
  1: 'home', 2: 'insert', 3: 'delete', 4: 'end', 5: 'page-up', 6: 'page-down', 7: 'home', 8: 'end', 11: 'f1', 12: 'f2', 13: 'f3', 14: 'f4', 15: 'f5', 17: 'f6', 18: 'f7', 19: 'f8', 20: 'f9', 21: 'f10', 23: 'f11', 24: 'f12',
};
const controls: Record<number, KeyName> = { 0x03: 'ctrl-c', 0x04: 'ctrl-d', 0x08: 'backspace', 0x09: 'tab', 0x0a: 'enter', 0x0c: 'ctrl-l', 0x0d: 'enter', 0x15: 'ctrl-u', 0x17: 'ctrl-w', 0x7f: 'backspace' };
const pasteEnd = '\x1b[201~';

export class KeyDecoder {
  private state: 'ground' | 'escape' | 'csi' | 'linux' | 'ss3' | 'string' | 'paste' = 'ground';
  private sequence = '';
  private stringEscape = false;
  private pasted = '';
  private readonly utf8 = new Utf8();
  private keys: Key[] = [];

  /** Waits for more: the caller calls `timeout` when nothing came for ESCAPE_TIMEOUT_MS. */
  get isWaiting(): boolean {
    return this.state !== 'ground';
  }

  push(bytes: Uint8Array): Key[] {
    this.keys = [];
    for (const byte of bytes) this.take(byte);
    return this.keys;
  }

  /** Nothing came: an Esc alone is the key; a paste has ended without saying so; half a sequence is noise from the line. */
  timeout(): Key[] {
    this.keys = [];
    if (this.state === 'escape') this.keys.push({ name: 'escape' });
    if (this.state === 'paste') this.endPaste(this.pasted);
    this.ground();
    return this.keys;
  }

  private take(byte: number): void {
    switch (this.state) {
      case 'ground': return this.takePlain(byte);
      case 'escape': return this.takeEscape(byte);
      case 'csi': return this.takeCsi(byte);
      case 'linux': return this.finish(linuxFunctions[String.fromCharCode(byte)]);
      case 'ss3': return this.takeSs3(byte);
      case 'string': return this.takeString(byte);
      case 'paste': return this.takePasted(byte);
    }
  }

  private takePlain(byte: number): void {
    if (byte === 0x1b) {
      this.utf8.reset();
      this.state = 'escape';
      return;
    }
    const control = controls[byte];
    if (control !== undefined) {
      this.utf8.reset();
      this.keys.push({ name: control });
    }
    const char = control === undefined ? this.utf8.push(byte) : null;
    if (char !== null && isTyped(char)) this.keys.push({ name: 'text', text: char });
  }

  private takeEscape(byte: number): void {
    if (byte === 0x1b) {
      this.keys.push({ name: 'escape' });
      return;
    }
    this.sequence = '';
    if (byte === 0x5b) this.state = 'csi';
    else if (byte === 0x4f) this.state = 'ss3';
    else if (byte === 0x5d || byte === 0x50 || byte === 0x5e || byte === 0x5f) this.state = 'string';
    else {
      // A key with Alt, or Esc and a key right after it on a slow line: both times Esc is the safe reading.
      this.ground();
      this.keys.push({ name: 'escape' });
      this.takePlain(byte);
    }
  }

  private takeCsi(byte: number): void {
    if (byte === 0x1b) return this.restart();
    if (byte === 0x5b && this.sequence === '') {
      this.state = 'linux';
      return;
    }
    this.sequence += String.fromCharCode(byte);
    if (byte >= 0x40 && byte <= 0x7e) return this.finishCsi();
    if (byte < 0x20 || byte > 0x7e || this.sequence.length > longestSequence) this.ground();
  }

  private finishCsi(): void {
    const last = this.sequence.at(-1) ?? '';
    const parameters = this.sequence.slice(0, -1);
    if (last === '~' && parameters === '200') {
      this.ground();
      this.state = 'paste';
      return;
    }
    // A modifier after ";" changes nothing here: Shift+Up is Up. A report of the cursor's place ("24;80R") is no key.
    const isKey = /^\d*(;\d+)?$/.test(parameters) && !(last === 'R' && !/^(1;\d+)?$/.test(parameters));
    if (!isKey) return this.finish(undefined);
    this.finish(last === '~' ? numbers[parameters.split(';')[0] ?? ''] : letters[last]);
  }

  private takeSs3(byte: number): void {
    if (byte === 0x1b) return this.restart();
    // Some terminals put a modifier between: "O5P".
    if (byte >= 0x30 && byte <= 0x39 && this.sequence.length < 2) {
      this.sequence += String.fromCharCode(byte);
      return;
    }
    this.finish(letters[String.fromCharCode(byte)]);
  }

  /** Answers and titles the terminal sends by itself: read to their end and dropped. */
  private takeString(byte: number): void {
    if (byte === 0x07 || (this.stringEscape && byte === 0x5c)) return this.ground();
    if (this.stringEscape) {
      this.ground();
      this.state = 'escape';
      return this.take(byte);
    }
    this.stringEscape = byte === 0x1b;
    this.sequence += '.';
    if (this.sequence.length > longestPaste) this.ground();
  }

  private takePasted(byte: number): void {
    // Latin-1 keeps bytes apart until the end is found. What is too long loses its rest, but never the mark of its end.
    this.pasted += String.fromCharCode(byte);
    if (this.pasted.length > longestPaste) this.pasted = this.pasted.slice(0, longestPaste - pasteEnd.length) + this.pasted.slice(-pasteEnd.length);
    if (!this.pasted.endsWith(pasteEnd)) return;
    this.endPaste(this.pasted.slice(0, -pasteEnd.length));
    this.ground();
  }

  private endPaste(latin1: string): void {
    const decoded = new TextDecoder().decode(Uint8Array.from(latin1, (char) => char.charCodeAt(0)));
    const text = [...decoded].map((char) => (isTyped(char) ? char : ' ')).join('').trim();
    if (text !== '') this.keys.push({ name: 'paste', text });
    this.pasted = '';
  }

  private finish(name: KeyName | undefined): void {
    this.ground();
    if (name !== undefined) this.keys.push({ name });
  }

  private restart(): void {
    this.ground();
    this.state = 'escape';
  }

  private ground(): void {
    this.state = 'ground';
    this.sequence = '';
    this.stringEscape = false;
  }
}

/** UTF-8 byte by byte; what is not valid is dropped. */
class Utf8 {
  private bytes: number[] = [];
  private missing = 0;

  reset(): void {
    this.bytes = [];
    this.missing = 0;
  }

  push(byte: number): string | null {
    if (byte < 0x80) {
      this.reset();
      return String.fromCharCode(byte);
    }
    if (byte >= 0xc2 && byte <= 0xf4) {
      this.bytes = [byte];
      this.missing = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
      return null;
    }
    if (this.missing === 0 || byte > 0xbf) {
      this.reset();
      return null;
    }
    this.bytes.push(byte);
    if (--this.missing > 0) return null;
    const char = new TextDecoder().decode(Uint8Array.from(this.bytes));
    this.reset();
    return char.includes('\uFFFD') ? null : char;
  }
}

function isTyped(char: string): boolean {
  return !/^[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\uFFFD]$/u.test(char);
}
