import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copyStates } from '#shared/model/image.ts';
import { nextCopyState, type CopyState } from '#shared/model/replication.ts';
import type { CopyReport } from '#shared/replication/messages.ts';
import { eventsBetween, isLoss, reportChanges, reportDigest } from './report.ts';

const report = (guid: string, state: CopyState = 'ready', provedAt: number | null = 1): CopyReport => ({ versionGuid: guid, manifest: 'a'.repeat(64), state, provedAt, damagedChunks: 0, problem: null });
const anyReport = fc.record({ versionGuid: fc.constantFrom('a', 'b', 'c', 'd'), manifest: fc.constant('a'.repeat(64)), state: fc.constantFrom(...copyStates), provedAt: fc.option(fc.nat(3)), damagedChunks: fc.nat(2), problem: fc.constant(null) });
const byGuid = (copies: CopyReport[]) => new Map(copies.map((copy) => [copy.versionGuid, copy]));

describe('a report', () => {
  it('has the same digest in any order, and another one for anything that differs', () => {
    expect(reportDigest([report('a'), report('b')])).toBe(reportDigest([report('b'), report('a')]));
    expect(new Set([reportDigest([]), reportDigest([report('a')]), reportDigest([report('a', 'damaged')]), reportDigest([report('a', 'ready', 2)])]).size).toBe(4);
    expect(reportDigest([report('a', 'absent')])).toBe(reportDigest([]));
  });

  it('is followed by changes that make the old one the new one', () => {
    fc.assert(fc.property(fc.array(anyReport), fc.array(anyReport), (old, now) => {
      const [before, after] = [byGuid(old), byGuid(now)];
      const applied = byGuid([...before.values(), ...reportChanges(before, after)]);
      expect(reportDigest(applied.values())).toBe(reportDigest(after.values()));
    }));
  });
});

describe('what a server says of its copy', () => {
  const table = Object.fromEntries(copyStates.map((believed) => [believed, Object.fromEntries(copyStates.map((said) => [said, eventsBetween(believed, said)]))]));

  it('becomes moves of the row, and none that the table of states does not know', () => {
    expect(table).toEqual({
      absent: { absent: [], copying: ['assigned'], verifying: ['arrived'], ready: ['arrived', 'verified'], damaged: ['arrived', 'damage-found'], removing: null },
      copying: { absent: ['lost'], copying: [], verifying: ['arrived'], ready: ['arrived', 'verified'], damaged: ['arrived', 'damage-found'], removing: ['released'] },
      verifying: { absent: ['lost'], copying: ['lost', 'assigned'], verifying: [], ready: ['verified'], damaged: ['damage-found'], removing: ['released'] },
      ready: { absent: ['lost'], copying: ['lost', 'assigned'], verifying: ['arrived'], ready: ['verified'], damaged: ['damage-found'], removing: ['released'] },
      damaged: { absent: ['lost'], copying: ['assigned'], verifying: ['arrived'], ready: ['verified'], damaged: [], removing: ['released'] },
      removing: { absent: ['gone'], copying: null, verifying: null, ready: null, damaged: null, removing: [] },
    });
  });

  it('is never ready without having been verified', () => {
    for (const believed of copyStates) {
      const events = eventsBetween(believed, 'ready');
      if (events !== null) expect(events.at(-1)).toBe('verified');
      let state: CopyState | null = believed;
      for (const event of events ?? []) state = state === null ? null : nextCopyState(state, event);
      if (events !== null) expect(state).toBe('ready');
    }
  });

  it('is a loss where something proved is gone that nobody released', () => {
    expect(copyStates.flatMap((believed) => copyStates.filter((said) => isLoss(believed, said)).map((said) => `${believed}→${said}`))).toEqual(['ready→absent', 'ready→copying', 'damaged→absent']);
  });
});
