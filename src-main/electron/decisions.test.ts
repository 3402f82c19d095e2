import { describe, expect, test } from 'vitest';
import type { RunView } from '#shared/model/run.ts';
import { autostartEntry, certificateWord, closeDecision, noticesOf, quitDecision, sleepDecision, trayEntries, windowPlace, workOf, workText } from './decisions.ts';

const run = (id: string, given: Partial<RunView> = {}): RunView => ({
  id, kind: 'job', state: 'running', waitingFor: null, batchId: null, jobId: null, jobName: 'Win11 lab', tasks: [], taskIndex: 0, computerId: id, computerName: `LAB-${id}`,
  imageGuid: null, imageName: '', versionNumber: null, disk: null, progress: null, result: null, error: null, actor: 'anna', startedAt: 0, endedAt: null, ...given,
});
const person = { state: 'waiting', waitingFor: 'person' } as const;
const seen = (...runs: RunView[]) => new Map(runs.map((each) => [each.id, each]));

describe('closing the window', () => {
  const busy = { running: 1, waiting: 0 };
  test('ends nothing that works: it asks, hides or quits as the setting says', () => {
    expect((['ask', 'tray', 'quit'] as const).map((whenClosed) => closeDecision({ owns: true, work: busy, whenClosed }))).toEqual(['ask', 'hide', 'quit']);
    expect(closeDecision({ owns: true, work: { running: 0, waiting: 2 }, whenClosed: 'ask' })).toBe('ask');
  });
  test('quits without a word where nothing is to do, or where the server is another process', () => {
    expect([closeDecision({ owns: true, work: { running: 0, waiting: 0 }, whenClosed: 'ask' }), closeDecision({ owns: false, work: busy, whenClosed: 'ask' })]).toEqual(['quit', 'quit']);
  });
  test('quitting asks only where a run would be cut off', () => {
    expect([quitDecision({ owns: true, work: busy }), quitDecision({ owns: true, work: { running: 0, waiting: 4 } }), quitDecision({ owns: false, work: busy })]).toEqual(['ask', 'quit', 'quit']);
  });
});

test('sleep is held off while something runs, once, and let go after', () => {
  const [busy, idle] = [{ running: 1, waiting: 0 }, { running: 0, waiting: 3 }];
  expect([sleepDecision(false, busy), sleepDecision(true, busy), sleepDecision(true, idle), sleepDecision(false, idle)]).toEqual(['hold', null, 'release', null]);
});

test('the tray says how much runs and leads to what needs somebody first', () => {
  const active = [run('1', { progress: { stage: 'write', doneBytes: 1, totalBytes: 4, sentBytes: 0, rateBytesPerSecond: 0, etaSeconds: null, where: { read: 0, hash: 0, compress: 0, network: 0, decompress: 0, write: 0 } }, kind: 'deploy', imageName: 'Win11' }), run('2', person), run('3', { state: 'queued' })];
  expect(workText(workOf(active))).toBe('1 running · 2 waiting');
  expect(trayEntries(active)).toEqual([
    { label: '1 running · 2 waiting', page: '/activity', action: 'open' }, { label: 'LAB-2: waits for a person', page: '/run/2', action: 'open' }, { label: 'LAB-1: deploying 25 %', page: '/run/1', action: 'open' },
    'separator', { label: 'Open Platen', page: null, action: 'open' }, { label: 'Quit Platen', page: null, action: 'quit' },
  ]);
  expect(trayEntries([])[0]).toMatchObject({ label: 'Nothing is running' });
});

describe('a notification', () => {
  test('tells of a run that waits for a person, failed, was refused or went silent, each once and with its page', () => {
    const before = seen(run('1'), run('2'), run('3'));
    expect(noticesOf(before, [run('1', person)])).toEqual([{ title: 'LAB-1 waits for a person', body: 'Win11 lab on LAB-1 was cut off and does not go on without a word.', page: '/run/1' }]);
    expect(noticesOf(before, [run('2', { state: 'failed', error: { code: 'io', message: 'The disk failed.\nReplace it.' } }), run('3', { state: 'failed', error: { code: 'target-too-small', message: 'Too small.' } })]))
      .toEqual([{ title: 'Win11 lab on LAB-2 failed', body: 'The disk failed.', page: '/run/2' }, { title: 'Win11 lab on LAB-3 was refused', body: 'Too small.', page: '/run/3' }]);
    expect(noticesOf(seen(run('1', person)), [run('1', person)])).toEqual([]);
    expect(noticesOf(before, [run('1', { state: 'lost' })])[0]?.title).toBe('LAB-1 has gone silent');
  });
  test('stays away for what succeeded, was cancelled, or had failed before the desktop started', () => {
    expect(noticesOf(seen(run('1'), run('2')), [run('1', { state: 'succeeded' }), run('2', { state: 'cancelled' }), run('9', { state: 'failed' })])).toEqual([]);
    expect(noticesOf(new Map(), [run('1', person)])).toHaveLength(1);
  });
  test('is one for a whole room', () => {
    const room = Array.from({ length: 30 }, (_, index) => run(String(index)));
    expect(noticesOf(seen(...room), room.map((each, index) => ({ ...each, state: index < 28 ? 'lost' : 'failed' })))).toEqual([{ title: '30 runs need a look', body: '28 went silent, 2 failed', page: '/activity' }]);
  });
});

describe('the window', () => {
  const left = { x: 0, y: 0, width: 1920, height: 1040 };
  const right = { x: 1920, y: 0, width: 2560, height: 1400 };
  test('comes back where it was, on the display where it was', () => {
    expect(windowPlace({ x: 2000, y: 100, width: 1600, height: 1000, maximized: true }, [left, right])).toEqual({ x: 2000, y: 100, width: 1600, height: 1000, maximized: true });
  });
  test('is placed by the system, and made to fit, where its display is gone', () => {
    expect(windowPlace({ x: 2000, y: 100, width: 2400, height: 1300, maximized: false }, [left])).toEqual({ width: 1920, height: 1040, maximized: false });
    expect(windowPlace({ x: -1900, y: 0, width: 1200, height: 800, maximized: false }, [left])).toEqual({ width: 1200, height: 800, maximized: false });
    expect(windowPlace({ x: 100, y: 5000, width: 1200, height: 800, maximized: false }, [left])).not.toHaveProperty('x');
  });
  test('is no smaller than the console can be used in, and starts at a plain size', () => {
    expect(windowPlace({ x: 0, y: 0, width: 10, height: 10, maximized: false }, [left])).toMatchObject({ width: 960, height: 600 });
    expect([windowPlace(null, [left]), windowPlace(null, [{ ...left, width: 1280, height: 680 }]), windowPlace(null, [])]).toEqual([
      { width: 1440, height: 900, maximized: false }, { width: 1280, height: 680, maximized: false }, { width: 1440, height: 900, maximized: false },
    ]);
  });
});

test('a server is known by the certificate its token names', () => {
  expect(certificateWord(`platen1.secret.${'00'.repeat(31)}ff`)).toBe(`sha256/${'A'.repeat(41)}P8=`);
  expect([certificateWord('platen1.secret.00ff'), certificateWord('')]).toEqual([null, null]);
});

test('an autostart entry holds the command as one can type it', () => {
  expect(autostartEntry(['/opt/Platen 1/platen', '--data', '/srv/100%"x"', '--background'])).toContain(String.raw`Exec="/opt/Platen 1/platen" "--data" "/srv/100%%\\"x\\"" "--background"` + '\n');
});
