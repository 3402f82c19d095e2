// Owns what a terminal can do, by its name (TERM) and the line it hangs on. Pure; nothing is asked of the terminal itself, because
// a serial line may answer late or never.
import type { Size } from './cells.ts';
import type { Charset } from './charset.ts';
import type { ColorKind } from './theme.ts';

export type Capabilities = {
  /** screen: cells are drawn where they belong. lines: it can only print, so each new screen is printed as text. */
  kind: 'screen' | 'lines';
  charset: Charset;
  colors: ColorKind;
  alternateScreen: boolean;
  /** Its cursor can be hidden. */
  hidesCursor: boolean;
  bracketedPaste: boolean;
  eraseKeepsLooks: boolean;
  /** Where nobody knows its size. */
  defaultSize: Size;
};

const windowTerminals = /^(xterm|rxvt|alacritty|foot|kitty|wezterm|ghostty|konsole|gnome|vte|st|putty|iterm|ms-terminal|contour)/;

/** @param locale of LC_ALL, LC_CTYPE or LANG, the first that is set; '' where none is */
export function capabilitiesOf(term: string, locale = ''): Capabilities {
  const name = term.toLowerCase();
  if (name === 'linux') return { kind: 'screen', charset: 'cp437', colors: 'linux', alternateScreen: false, hidesCursor: true, bracketedPaste: false, eraseKeepsLooks: true, defaultSize: { columns: 80, rows: 25 } };
  const isMultiplexer = /^(screen|tmux)/.test(name);
  if (isMultiplexer || windowTerminals.test(name)) {
    return { kind: 'screen', charset: charsetOf(locale), colors: 'xterm', alternateScreen: true, hidesCursor: true, bracketedPaste: true, eraseKeepsLooks: !isMultiplexer, defaultSize: { columns: 80, rows: 24 } };
  }
  const isLines = name === '' || name === 'dumb' || name === 'unknown' || name === 'network' || name === 'emacs';
  // Everything else there is understands what a vt100 does.
  return { kind: isLines ? 'lines' : 'screen', charset: 'ascii', colors: 'none', alternateScreen: false, hidesCursor: !name.startsWith('vt100'), bracketedPaste: false, eraseKeepsLooks: false, defaultSize: { columns: 80, rows: 24 } };
}

/** A window shows UTF-8 unless the locale says that it shows something else. */
function charsetOf(locale: string): Charset {
  return locale === '' || /utf-?8/i.test(locale) || !locale.includes('.') ? 'unicode' : 'ascii';
}

export function localeOf(env: Record<string, string | undefined>): string {
  return env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
}

/** Sent when the portal opens: from here on the screen is the portal's. */
export function enterSequence(capabilities: Capabilities): string {
  if (capabilities.kind === 'lines') return '';
  return [capabilities.alternateScreen ? '\x1b[?1049h' : '', capabilities.colors === 'linux' ? '\x1b%G' : '', '\x1b[?7l', capabilities.hidesCursor ? '\x1b[?25l' : '', capabilities.bracketedPaste ? '\x1b[?2004h' : ''].join('');
}

/** Sent when it closes, also in a crash: a terminal without a second screen is cleared, so that nothing misleads who comes next. */
export function leaveSequence(capabilities: Capabilities): string {
  if (capabilities.kind === 'lines') return '';
  return ['\x1b[m', capabilities.bracketedPaste ? '\x1b[?2004l' : '', '\x1b[?7h', capabilities.hidesCursor ? '\x1b[?25h' : '', capabilities.alternateScreen ? '\x1b[?1049l' : '\x1b[H\x1b[2J'].join('');
}
