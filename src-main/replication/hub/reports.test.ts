import { describe, expect, it } from 'vitest';
import type { Log } from '../../log/service.ts';
import type { KnownCopy } from './parts.ts';
import { takeReport } from './reports.ts';

/** A console that knows so many proved copies at one server, and counts how they are read. */
function world(count: number) {
  const rows = new Map(Array.from({ length: count }, (_, at): [string, KnownCopy] => [`v${at}`, { versionGuid: `v${at}`, imageGuid: `i${at}`, manifest: 'm', state: 'ready', provedAt: 1, problem: null }]));
  const read = { all: 0, one: 0 };
  const parts = {
    servers: { setReport: () => undefined } as never, events: { record: () => undefined, changed: () => undefined } as never, log: { warn: () => undefined, error: () => undefined } as unknown as Log,
    transaction: <T>(work: () => T): T => work(),
    copies: {
      on: () => (read.all++, [...rows.values()]), at: (guid: string) => (read.one++, rows.get(guid) ?? null), move: () => 'ready' as const,
    },
  };
  const said = (guids: string[]) => guids.map((versionGuid) => ({ versionGuid, manifest: 'm', state: 'ready' as const, provedAt: 2, damagedChunks: 0, problem: null }));
  return { parts, read, said };
}

describe('what a server says of its copies', () => {
  it('is compared with those it is about: a change of one does not read all that the server has', () => {
    const { parts, read, said } = world(10_000);
    expect(takeReport(parts, 's', { digest: '', copies: said(['v5']), whole: false }).images).toEqual(new Set(['i5']));
    expect(read).toEqual({ all: 0, one: 1 });
  });

  it('is read all at once where it is about many', () => {
    const { parts, read, said } = world(1000);
    expect(takeReport(parts, 's', { digest: '', copies: said(Array.from({ length: 500 }, (_, at) => `v${at}`)), whole: false }).images.size).toBe(500);
    expect(read).toEqual({ all: 1, one: 0 });
  });
});
