import { describe, expect, it } from 'vitest';
import type { AppError } from '#shared/errors.ts';
import { Deploys, type DeploysParts, type WaitNotice } from './deploys.ts';
import { Tickets } from './tickets.ts';

const there = { serverId: 's', name: 'PS008', url: 'https://10.0.0.2:8420', fingerprint: 'f', ticket: 'ticket2.x.y', reason: 'it is near' };

/** One version that is verifying until the test says otherwise, and the events its run was moved by. */
function room() {
  const version = { guid: 'v', number: 3, state: 'verifying', own_state: 'verifying', manifest: 'm', manifest_bytes: 7, new_bytes: 10 };
  const moves: string[] = [];
  const changed = new Set<() => void>();
  const place = { elsewhere: false };
  const parts = {
    images: {
      forDeploy: () => {
        if (version.state === 'damaged') throw Object.assign(new Error('damaged'), { code: 'image-damaged' });
        return { image: { guid: 'g', name: 'Lab' }, version };
      },
      findVersion: () => version,
      requireHere: () => {
        if (version.own_state !== 'ready') throw Object.assign(new Error('not here'), { code: 'not-found' });
      },
      graphOf: () => ({ of: 'rows' }),
      verifyProgress: () => ({ doneBytes: 4, totalBytes: 10, rateBytesPerSecond: 1, etaSeconds: 6 }),
      nextChange: (_: string, signal: AbortSignal) => new Promise<void>((resolve) => {
        changed.add(resolve);
        signal.addEventListener('abort', () => resolve());
        if (signal.aborted) resolve();
      }),
    },
    runs: { earlier: () => [], tasks: { isTakenBy: () => true, refuseCancelled: () => undefined }, create: () => 'run', hold: () => undefined, sign: () => undefined, move: (_: string, event: string) => moves.push(event) > 0 },
    store: { openManifest: async () => ({ hash: 'm', sizeBytes: 5, head: { graph: {} }, close: async () => undefined }) },
    tickets: new Tickets(() => 0),
    sources: { near: () => new Set<string>(), isElsewhere: () => place.elsewhere, listFor: () => (place.elsewhere ? [there] : []) },
  } as unknown as DeploysParts;
  const turn = (state: string): void => {
    version.state = version.own_state = state;
    for (const resolve of changed) resolve();
  };
  return { deploys: new Deploys(parts), moves, turn, version, place };
}

function begin(deploys: Deploys, gone = new AbortController()) {
  let first: (notice: WaitNotice) => void = () => undefined;
  const noticed = new Promise<WaitNotice>((resolve) => {
    first = resolve;
  });
  const agent = { computerId: 'c', computerName: 'lab-1', actor: 'admin', agentVersion: '1' };
  const answer = deploys.begin({ type: 'deployBegin', image: 'Lab', disk: { path: '', model: '', serial: '', sizeBytes: 1 }, resumeKey: 'k' }, {
    agent, holder: { cancel: () => undefined, taken: () => undefined }, address: '10.0.0.1', notify: (notice) => first(notice), gone: gone.signal,
  });
  answer.catch(() => undefined);
  return { answer, noticed, gone };
}

describe('a deploy of a version that is still verifying', () => {
  it('waits with progress and starts when the version is ready', async () => {
    const { deploys, moves, turn } = room();
    const { answer, noticed } = begin(deploys);
    expect(await noticed).toEqual({ imageName: 'Lab', version: 3, doneBytes: 4, totalBytes: 10, etaSeconds: 6 });
    turn('ready');
    expect(await answer).toMatchObject({ runId: 'run', version: 3, manifest: 'm' });
    expect(moves).toEqual(['wait', 'start']);
  });
  it('is refused when the version turns out to be damaged', async () => {
    const { deploys, moves, turn } = room();
    const { answer, noticed } = begin(deploys);
    await noticed;
    turn('damaged');
    await expect(answer).rejects.toMatchObject({ code: 'image-damaged' });
    expect(moves).toEqual(['wait', 'fail']);
  });
  it('can be cancelled while it waits', async () => {
    const { deploys, moves } = room();
    const { answer, noticed } = begin(deploys);
    await noticed;
    expect([deploys.cancelWait('run'), deploys.cancelWait('other')]).toEqual([true, false]);
    const error = await answer.then(() => null, (caught: AppError) => caught);
    expect(error?.message).toContain('cancelled');
    expect(moves.slice(0, 2)).toEqual(['wait', 'cancel']);
  });
  it('is left to its lease when the agent goes away', async () => {
    const { deploys, moves } = room();
    const { answer, noticed, gone } = begin(deploys);
    await noticed;
    gone.abort();
    await expect(answer).rejects.toMatchObject({ code: 'connection-lost' });
    expect(moves).toEqual(['wait']);
  });
});

describe('a deploy of a version that is not proved here', () => {
  it('does not wait where another server has it proved: what it is stands in the rows, and the computer is told whom to read from', async () => {
    const { deploys, moves, version, place } = room();
    place.elsewhere = true;
    expect(await begin(deploys).answer).toMatchObject({ manifest: 'm', manifestBytes: 7, graph: { of: 'rows' }, sources: [there] });
    version.state = version.own_state = 'ready';
    const here = await begin(deploys).answer;
    expect([here.manifestBytes, here.sources, moves]).toEqual([5, [there], ['start', 'start']]);
  });
  it('goes on as soon as another server has proved it', async () => {
    const { deploys, moves, place, turn } = room();
    const { answer, noticed } = begin(deploys);
    await noticed;
    place.elsewhere = true;
    turn('verifying');
    expect((await answer).sources).toEqual([there]);
    expect(moves).toEqual(['wait', 'start']);
  });
  it('is refused where nobody has it, or where its rows do not say how long its manifest is', async () => {
    const { deploys, version, place, turn } = room();
    turn('absent');
    await expect(begin(deploys).answer).rejects.toMatchObject({ code: 'not-found' });
    place.elsewhere = true;
    version.manifest_bytes = 0;
    await expect(begin(deploys).answer).rejects.toMatchObject({ code: 'not-found' });
  });
  it('names no sources where this server is alone with it', async () => {
    const { deploys, turn } = room();
    turn('ready');
    expect('sources' in (await begin(deploys).answer)).toBe(false);
  });
});
