// Owns how the parts of a screen look on each kind of terminal: views name a role, never a colour. Text keeps the terminal's own
// colours, so that it can be read on light and dark backgrounds alike; nothing blinks.
import type { PortalSettings } from '#shared/model/server.ts';

export const roles = ['text', 'strong', 'quiet', 'greyed', 'title', 'titleStrong', 'status', 'selected', 'selectedQuiet', 'key', 'good', 'bad', 'warn', 'bar', 'barRest', 'field', 'cursor', 'banner', 'heading', 'badBanner'] as const;
export type Role = (typeof roles)[number];
export type PortalColor = PortalSettings['portalColor'];
/** none: bold and reverse only. linux: a text console, where bold makes a colour bright. xterm: has bright colours of its own. */
export type ColorKind = 'none' | 'linux' | 'xterm';
/** By role: the parameters of "select graphic rendition", without the reset before them. */
export type Theme = Record<Role, string>;

const backgrounds: Record<PortalColor, { number: number; ink: 'white' | 'black' }> = {
  blue: { number: 4, ink: 'white' }, magenta: { number: 5, ink: 'white' }, red: { number: 1, ink: 'white' },
  green: { number: 2, ink: 'black' }, cyan: { number: 6, ink: 'black' }, grey: { number: 7, ink: 'black' },
};

export function themeOf(colors: ColorKind, color: PortalColor): Theme {
  if (colors === 'none') {
    return {
      text: '', strong: '1', quiet: '', greyed: '', title: '7', titleStrong: '7', status: '7', selected: '7', selectedQuiet: '7', key: '1', good: '1', bad: '1', warn: '1', bar: '1', barRest: '', field: '7', cursor: '',
      banner: '7', heading: '1', badBanner: '7',
    };
  }
  const bright = (number: number): string => (colors === 'linux' ? `1;3${number}` : `9${number}`);
  // A window may be light, where bright colours can't be read.
  const mark = (ink: number): string => (colors === 'linux' ? bright(ink) : `3${ink}`);
  const { number, ink } = backgrounds[color];
  const accent = ink === 'white' ? `${bright(7)};4${number}` : `30;4${number}`;
  const accentBold = ink === 'white' ? `1;37;4${number}` : `30;4${number}`;
  return {
    text: '', strong: '1', quiet: colors === 'linux' ? '36' : '90', greyed: bright(0), title: accent, titleStrong: accentBold, status: '30;47', selected: accentBold, selectedQuiet: ink === 'white' ? `37;4${number}` : accent,
    key: '1', good: mark(2), bad: colors === 'linux' ? mark(1) : '1;31', warn: mark(3), bar: bright(6), barRest: bright(0), field: '30;47', cursor: accentBold, banner: '30;43', heading: '1', badBanner: `${bright(7)};41`,
  };
}
