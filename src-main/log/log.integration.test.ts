import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { maskSecrets, openLog } from './service.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'platen-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const day = 86_400_000;

describe('the log', () => {
  it('goes into one file a day, and old ones leave', () => {
    let now = Date.UTC(2026, 0, 1, 23, 59);
    const log = openLog(folder, () => now);
    log.info('one');
    now += 120_000;
    log.warn('two', { code: 7 });
    expect(readdirSync(folder).sort()).toEqual(['2026-01-01.jsonl', '2026-01-02.jsonl']);
    expect(log.tail(10)).toEqual([{ at: now - 120_000, level: 'info', message: 'one', data: {} }, { at: now, level: 'warn', message: 'two', data: { code: 7 } }]);
    now += 30 * day;
    log.prune(30);
    expect(readdirSync(folder)).toEqual(['2026-01-02.jsonl']);
    log.close();
  });

  it('shows the newest of a level and above, and survives a cut line', () => {
    const log = openLog(folder, () => 0);
    log.debug('not kept at level info');
    for (let i = 0; i < 5; i++) log.info(`line ${i}`);
    log.error('bad', { error: new Error('why', { cause: new Error('because') }) });
    writeFileSync(join(folder, '1970-01-01.jsonl'), '{"time":1,"lev', { flag: 'a' });
    expect(log.tail(2).map((entry) => entry.message)).toEqual(['line 4', 'bad']);
    expect(log.tail(9, 'warn')).toMatchObject([{ level: 'error', data: { error: { message: 'why', cause: { message: 'because' } } } }]);
    log.close();
  });

  it('never holds a token, a ticket or a bearer, wherever they stand', () => {
    const log = openLog(folder, () => 0);
    log.info('platen1.SECRETsecret_-1.abcdef at http://h/#token=platen1.SECRETsecret_-1.ab', { token: 'computer1.SECRETsecret', header: 'Bearer SECRETsecret', error: new Error('ticket1.SECRETsecret') });
    log.close();
    const text = readFileSync(join(folder, '1970-01-01.jsonl'), 'utf8');
    expect(text).not.toContain('SECRET');
    expect(text).toContain('platen1.***');
    expect(maskSecrets('nothing to hide')).toBe('nothing to hide');
  });

  it('does not stop its caller when it cannot be written, and tells of the loss afterwards', () => {
    let now = 0;
    const log = openLog(folder, () => now);
    rmSync(folder, { recursive: true });
    expect(() => log.info('lost')).not.toThrow();
    const other = openLog(folder, () => now);
    now = 1;
    log.info('here');
    expect(log.tail(5).map((entry) => entry.message)).toEqual(['1 log lines were lost: the log could not be written', 'here']);
    other.close();
    log.close();
  });
});
