import { describe, expect, it } from 'vitest';
import type { AgentNotice } from '#shared/agent/messages.ts';
import { cleanLine, RunLog } from './runLog.ts';

function room() {
  const sent: AgentNotice[] = [];
  const due: (() => void)[] = [];
  const channel = { open: true, isOpen: () => channel.open, notify: (notice: AgentNotice) => void sent.push(notice) };
  const log = new RunLog(channel, { set: (work) => (due.push(work), () => void due.splice(due.indexOf(work), 1)) });
  return { sent, channel, log, tick: () => due.shift()?.(), batches: () => sent.map((notice) => (notice.type === 'log' ? [notice.runId, notice.lines.length] : [])) };
}

describe('a run\'s log', () => {
  it('is sent at once when quiet and in batches when busy, in order', () => {
    const { log, tick, batches } = room();
    log.add('a', ['first']);
    log.add('a', Array.from({ length: 300 }, (_, i) => `line ${i}`));
    tick();
    tick();
    expect(batches()).toEqual([['a', 1], ['a', 200], ['a', 100]]);
  });
  it('is kept while the server is away', () => {
    const { log, channel, sent } = room();
    channel.open = false;
    log.add('a', ['one', 'two']);
    channel.open = true;
    log.flush();
    expect(sent).toEqual([{ type: 'log', runId: 'a', lines: ['one', 'two'] }]);
  });
  it('says how much was left out where too much came', () => {
    const { log, channel, sent } = room();
    channel.open = false;
    log.add('a', Array.from({ length: 2500 }, (_, i) => `${i}`));
    channel.open = true;
    log.drain();
    const lines = sent.flatMap((notice) => (notice.type === 'log' ? notice.lines : []));
    expect([lines.length, lines[0], lines[1], lines.at(-1)]).toEqual([2001, '… 500 lines were left out: too many at once, or too long without the server.', '500', '2499']);
  });
  it('never mixes two runs in one batch', () => {
    const { log, batches } = room();
    log.add('a', ['x']);
    log.add('a', ['y']);
    log.add('b', ['z']);
    log.drain();
    expect(batches()).toEqual([['a', 1], ['a', 1], ['b', 1]]);
  });
  it('shows what a redrawn line ended up as, without escape sequences', () => {
    expect([cleanLine('10 %\r20 %\r\u001b[32m30 %\u001b[0m\r\n'), cleanLine('a\tb\u0007'), cleanLine('x'.repeat(3000)).length]).toEqual(['30 %', 'a  b', 2000]);
  });
});
