// Pure: the states of images, versions and copies in words, the same in tree, tables, pages and palette.
import type { Copy, ImageSummary, VersionSummary } from '#shared/model/image.ts';
import type { Tone } from '../ui/StateMark.tsx';

export type Worded = { tone: Tone; word: string; why?: string };

export function versionState(version: VersionSummary): Worded {
  if (version.trashedAt !== null) return { tone: 'trash', word: 'In the trash' };
  if (version.state === 'damaged') return { tone: 'fail', word: 'Damaged' };
  if (version.verifying !== null) return { tone: 'run', word: `Verifying ${percent(version.verifying)}` };
  if (version.state === 'verifying') return { tone: 'run', word: 'Verifying' };
  if (version.pending) return { tone: 'warn', word: 'To be validated', why: 'It was captured at another server. Until somebody validates it, it is deployed nowhere else.' };
  return version.enabled ? { tone: 'ok', word: 'Ready' } : { tone: 'off', word: 'Disabled' };
}

/** What would happen if one deployed it now, in a word. */
export function imageState(image: ImageSummary): Worded {
  if (image.trashedAt !== null) return { tone: 'trash', word: 'In the trash' };
  if (image.newest === null) return { tone: 'wait', word: 'No versions' };
  if (!image.enabled) return { tone: 'off', word: 'Disabled', why: 'It can’t be deployed until it is enabled.' };
  if (image.newest.state === 'damaged') return { tone: 'fail', word: 'Damaged', why: 'Its newest version failed a check and can’t be deployed.' };
  if (image.newest.pending) return { tone: 'warn', word: 'To be validated', why: `Version ${image.newest.number} was captured at another server and waits to be validated.${image.current === null ? '' : ` Until then version ${image.current} is deployed.`}` };
  if (image.current === null) return { tone: 'off', word: 'Nothing to deploy', why: 'None of its versions is enabled.' };
  return image.newest.enabled ? versionState(image.newest) : { tone: 'ok', word: 'Ready', why: `Version ${image.current} is deployed; newer ones are disabled.` };
}

/** Trouble first, all right last: how a state column sorts. */
export function stateRank(state: Worded): string {
  return `${['fail', 'warn', 'run', 'wait', 'off', 'ok', 'trash'].indexOf(state.tone)} ${state.word}`;
}

const copyWords: Record<Copy['state'], Worded> = {
  absent: { tone: 'wait', word: 'Absent' }, copying: { tone: 'run', word: 'Copying' }, verifying: { tone: 'run', word: 'Verifying' },
  ready: { tone: 'ok', word: 'Ready' }, damaged: { tone: 'fail', word: 'Damaged' }, removing: { tone: 'wait', word: 'Removing' },
};
export function copyState(copy: Copy): Worded {
  return copyWords[copy.state];
}

export function percent(progress: { doneBytes: number; totalBytes: number }): string {
  return progress.totalBytes === 0 ? '' : `${Math.floor((progress.doneBytes / progress.totalBytes) * 100)} %`;
}
