import { describe, expect, it } from 'vitest';
import type { CheckedFolder, CheckedVersion } from './test-storm-check.ts';
import { StormModel } from './test-storm-model.ts';
import { contentOf, Random, stormChunk } from './test-storm-random.ts';

const copyOf = (guid: string, more: Partial<CheckedVersion> = {}): CheckedVersion => ({ guid, imageGuid: 'image', imageName: 'Lab', state: 'ready', removing: false, pending: false, manifest: `m-${guid}`, content: 'abc', problem: null, ...more });
function folder(...versions: CheckedVersion[]): CheckedFolder {
  return { versions, images: [{ guid: 'image', name: 'Lab', removing: false }], before: [], after: [], manifests: versions.filter((each) => each.state === 'ready').map((each) => each.manifest) };
}
function model(...guids: string[]): StormModel {
  const made = new StormModel();
  for (const guid of guids) made.captured({ guid, imageGuid: 'image', name: 'Lab', content: 'abc', at: 'HQ' });
  made.saw(guids);
  return made;
}
const problems = (of: StormModel, hq: CheckedFolder, more: Record<string, CheckedFolder> = {}): string[] => of.problems({ folders: new Map([['HQ', hq], ...Object.entries(more)]), console: 'HQ', rows: [], placeOf: (id) => id });

describe('the reference model', () => {
  it('is content where everything acknowledged is there as it was captured', () => {
    expect(problems(model('a', 'b'), folder(copyOf('a'), copyOf('b')), { PS1: folder(copyOf('a')) })).toEqual([]);
  });

  it('misses a version that was acknowledged, unless its deletion was ordered or the disks that held it were destroyed', () => {
    expect(problems(model('a'), folder())).toEqual(['version a, acknowledged at HQ, is not known at the console any more']);
    const deleted = model('a');
    deleted.purged({ image: 'image', version: 'a' }, 'done');
    expect(problems(deleted, folder())).toEqual([]);
    const destroyed = model('a');
    destroyed.destroying('PS1', new Map([['a', new Set(['PS1'])]]));
    expect(problems(destroyed, folder())).toEqual([]);
    const held = model('a');
    held.destroying('PS1', new Map([['a', new Set(['PS1', 'PS2'])]]));
    expect(problems(held, folder())).toHaveLength(1);
  });

  it('finds what was deleted for good and is still somewhere, be it a row, a manifest or chunks', () => {
    const deleted = model('a');
    deleted.purged({ image: 'image', version: null }, 'done');
    expect(problems(deleted, folder(), { PS1: folder(copyOf('a')) })).toEqual(['PS1: version a was deleted for good and is ready here', 'PS1: version a (ready) is here, and the console does not know it']);
    expect(problems(deleted, { ...folder(), manifests: ['left'], after: ['4 chunks'] })).toEqual(['HQ: after the sweep: 4 chunks', 'HQ: the manifest left belongs to no version']);
  });

  it('believes no copy that is called ready: its content must be what was captured', () => {
    expect(problems(model('a'), folder(copyOf('a', { content: 'abd' })))).toEqual(['HQ: version a is called ready, and holds something else than was captured']);
    expect(problems(model('a'), folder(copyOf('a', { problem: 'chunk-damaged' })))).toEqual(["HQ: version a is called ready, and can't be read: chunk-damaged"]);
  });

  it('takes both outcomes where no answer came, and only the one that was said where one did', () => {
    const unsure = model('a');
    unsure.purged({ image: 'image', version: 'a' }, 'unknown');
    expect([problems(unsure, folder()), problems(unsure, folder(copyOf('a')))]).toEqual([[], []]);
    unsure.captureUnsure('xyz');
    expect(problems(unsure, folder(copyOf('a'), copyOf('b', { content: 'xyz' })))).toEqual([]);
    unsure.renamed('image', 'Two', 'unknown');
    expect(problems(unsure, folder(copyOf('a')))).toEqual([]);
    unsure.renamed('image', 'Three', 'done');
    expect(problems(unsure, folder(copyOf('a')))).toEqual(['image image is called "Lab", not Three']);
  });

  it('knows that a version in the trash, or in an image that is, can be taken back and must not be lost', () => {
    const trashed = model('a');
    trashed.moved({ image: 'image', version: null }, 'trash', 'done');
    expect([...trashed.fatesOf('a')]).toEqual(['trash']);
    expect(problems(trashed, folder())).toHaveLength(1);
    trashed.moved({ image: 'image', version: null }, 'live', 'unknown');
    expect([...trashed.fatesOf('a')]).toEqual(['trash', 'live']);
  });

  it('asks of an image that was deleted only the versions that the console knew', () => {
    const known = model('a');
    known.captured({ guid: 'later', imageGuid: 'image', name: 'Lab', content: 'abc', at: 'PS1' });
    known.purged({ image: 'image', version: null }, 'done');
    expect([[...known.fatesOf('a')], [...known.fatesOf('later')]]).toEqual([['gone'], ['live', 'gone']]);
  });
});

it('a seed always decides the same', () => {
  const draw = (): number[] => {
    const random = new Random(7);
    return [random.next(), random.below(100), random.pick([1, 2, 3])];
  };
  expect(draw()).toEqual(draw());
  expect(contentOf([stormChunk(3)])).toBe(contentOf([stormChunk(3)]));
});
