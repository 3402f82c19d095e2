import { describe, expect, it } from 'vitest';
import { AppError, CancelledError } from '#shared/errors.ts';
import { serverLocation } from './net/endpoint.ts';
import { barLine, captureSummary, errorDocument, exitCodeOf, whereLine } from './report.ts';
import { helpText } from './help.ts';
import { parseArguments, parseExpect, parseSize } from './usage.ts';

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return 'none';
};

describe('arguments', () => {
  it('say what to do', () => {
    const { command, disk, image, version, expect: expected, yes, json } = parseArguments(['deploy', '--disk', '/dev/sdb', '--image', 'Lab 2', '--version', '3', '--expect', 'serial=AB,size=64GB', '--yes', '--json']);
    expect({ command, disk, image, version, expected, yes, json }).toEqual({ command: 'deploy', disk: '/dev/sdb', image: 'Lab 2', version: 3, expected: { serial: 'AB', sizeBytes: 64e9 }, yes: true, json: true });
  });
  it.each([
    [['format', '--disk', '/dev/sda']], [['capture', '--image', 'x']], [['capture', '--disk', '/dev/sda']], [['capture', '--disk', 'a', '--image', 'x', 'y']],
    [['capture', '--disk', 'a', '--image', 'x', '--yes']], [['deploy', '--disk', 'a', '--image', 'x', '--version', '0']], [['deploy', '--disk', 'a', '--image', 'x', '--nonsense']],
    [['deploy', '--disk', 'a', '--image', 'x', '--expect', 'colour=red']], [['deploy', '--disk', 'a', '--image', 'x', '--expect', 'serial=']],
  ])('that make no sense are wrong usage: %j', (argv) => {
    expect(codeOf(() => parseArguments(argv))).toBe('usage');
  });
  it('start a menu, or one job', () => {
    const portal = parseArguments(['portal', '--disk', 'a.img', '--disk', '/dev/sdb', '--timeout', '0', '--menu']);
    expect([portal.disks, portal.timeoutSeconds, portal.menu, portal.job, portal.once, portal.patienceMs]).toEqual([['a.img', '/dev/sdb'], 0, true, '', false, Infinity]);
    const job = parseArguments(['job', 'run', 'Win11 lab', '--here', '--yes', '--disk', 'a.img']);
    expect([job.command, job.job, job.once, job.yes, job.disks, job.patienceMs]).toEqual(['job', 'Win11 lab', true, true, ['a.img'], 1_800_000]);
    expect(parseArguments(['portal', '--terminal', '/dev/ttyS0', '--terminal', '/dev/ttyS1']).terminals).toEqual(['/dev/ttyS0', '/dev/ttyS1']);
    expect([parseArguments(['portal', '--job', 'x']).once, parseArguments(['portal', '--once', '--allow-power']).allowPower]).toEqual([true, true]);
  });
  it.each([
    [['portal', '--timeout', '-1']], [['portal', '--timeout', '4000']], [['portal', 'Win11']], [['portal', '--job', '']], [['portal', '--job', 'x', '--menu']], [['portal', '--json']], [['portal', '--yes']],
    [['portal', '--disk', '']], [['portal', '--terminal', 'ttyS0']], [['job', 'run', 'x', '--here', '--terminal', '/dev/ttyS0']], [['job', 'run', 'x']], [['job', 'list', '--here']], [['job', 'run', '--here']], [['job', 'run', 'two', 'words', '--here']], [['capture', '--disk', 'a', '--disk', 'b', '--image', 'x']],
  ])('of a session that make no sense are wrong usage: %j', (argv) => {
    expect(codeOf(() => parseArguments(argv))).toBe('usage');
  });
  it('ask for help with a word, an option, or nothing at all', () => {
    expect([parseArguments([]).command, parseArguments(['help', 'deploy']).topic, parseArguments(['capture', '--help']).topic]).toEqual(['help', 'deploy', 'capture']);
    expect(['', 'capture', 'deploy', 'inventory', 'portal', 'job'].every((topic) => helpText(topic).includes('Exit codes'))).toBe(true);
  });
  it('take sizes as bytes, decimal and binary', () => {
    expect(['64000', '64GB', '64GiB', '1.5T', '10mb'].map((text) => parseSize(text, 'x'))).toEqual([64_000, 64e9, 64 * 2 ** 30, 1.5e12, 10e6]);
    expect(['', '-1', '0', '12 apples', '0.3'].map((text) => codeOf(() => parseSize(text, 'x')))).toEqual(['usage', 'usage', 'usage', 'usage', 'usage']);
  });
  it('take the whole identity of the expected disk', () => {
    expect(parseExpect('serial=A=B,size=1000,model=X 1,wwn=0x5')).toEqual({ serial: 'A=B', sizeBytes: 1000, model: 'X 1', wwn: '0x5' });
  });
});

describe('the server\'s address', () => {
  const token = `platen1.abc.${'0f'.repeat(32)}`;
  it('may be plain http on this machine only, and needs the pin elsewhere', () => {
    expect(serverLocation('https://10.0.0.1:8420/', token)).toEqual({ url: 'https://10.0.0.1:8420', token, fingerprint: '0f'.repeat(32) });
    expect(['http://127.0.0.1:1', 'http://localhost:1', 'http://[::1]:1'].map((url) => codeOf(() => serverLocation(url, 'x')))).toEqual(['none', 'none', 'none']);
    expect(['http://10.0.0.1:8420', 'http://127.evil.example:1', 'ftp://x', 'x'].map((url) => codeOf(() => serverLocation(url, token)))).toEqual(['usage', 'usage', 'usage', 'usage']);
    expect(codeOf(() => serverLocation('https://10.0.0.1:8420', 'no pin'))).toBe('usage');
  });
});

describe('what is reported', () => {
  it('exits with 1 for failures and stops, 2 for wrong usage, 3 for refusals', () => {
    expect([new CancelledError('x'), new AppError('io', 'x'), new AppError('usage', 'x'), new AppError('target-too-small', 'x'), new Error('x')].map(exitCodeOf)).toEqual([1, 1, 2, 3, 1]);
  });
  it('gives errors as one document with the code a technician quotes', () => {
    expect(JSON.parse(errorDocument(new AppError('target-too-small', 'too small', { neededBytes: 5 })))).toEqual({ error: { code: 'target-too-small', message: 'too small', data: { neededBytes: 5 }, shortCode: 'PL-2021' } });
  });
  it('draws one line that fits the terminal', () => {
    const where = { read: 0, hash: 0, compress: 0, network: 0, decompress: 0, write: 0 };
    const view = { stage: 'read', doneBytes: 50e9, totalBytes: 100e9, sentBytes: 0, rateBytesPerSecond: 500e6, etaSeconds: 100, where };
    expect(barLine(view, 100)).toBe('[############............] reading · 50.0 GB of 100 GB · 500 MB/s · 1 min 40 s left');
    expect(barLine(view, 40)).toHaveLength(40);
  });
  it('names the bottleneck first', () => {
    expect(whereLine({ read: 100, hash: 20, compress: 600, network: 280, decompress: 0, write: 0 })).toBe('compressing 60 %, network 28 %, reading 10 %, hashing 2 %');
  });
});

describe('the end of a capture', () => {
  const where = { read: 1, hash: 0, compress: 0, network: 0, decompress: 0, write: 0 };
  const result = (pending: boolean) => ({
    image: { guid: 'a0000000-0000-4000-8000-000000000001', name: 'Lab', isNew: false }, version: 4, manifest: 'm', resumed: false, readBytes: 1, sentBytes: 1, newBytes: 1, storedBytes: 1, pending, seconds: 1, rateBytesPerSecond: 1, where, chunks: {} as never, notes: [],
  });
  it('says what the version waits for', () => {
    expect(captureSummary(result(false))).toMatch(/\nThe server verifies the new chunks now; the version can be deployed when that is done\.\n$/);
    expect(captureSummary(result(true))).toMatch(/Version 4 waits to be validated at the console: .*\nTo take it: platen image validate a0000000-0000-4000-8000-000000000001 --version 4\n$/);
  });
});
