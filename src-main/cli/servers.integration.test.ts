import { describe, expect, it } from 'vitest';
import { windowText } from '#shared/model/window-text.ts';
import { addImages, TestReplica } from '../test-replica.ts';
import { testServer } from '../test-server.ts';
import { runCommandLine } from './main.ts';
import { readRate, readWindow } from './servers-words.ts';

async function commandLine() {
  const server = await testServer();
  const platen = async (...argv: string[]): Promise<{ code: number; out: string; err: string }> => {
    const [out, err]: [string[], string[]] = [[], []];
    const code = await runCommandLine([...argv, '--data', server.dataFolder], {
      json: argv.includes('--json'), interactive: false, columns: null, env: {}, now: () => Date.now(), say: (text) => err.push(text), print: (text) => out.push(text), confirm: () => Promise.resolve(false),
      progress: { show: () => undefined, end: () => undefined } as never,
    });
    return { code, out: out.join('\n'), err: err.join('\n') };
  };
  const join = async (name: string): Promise<TestReplica> => {
    const { out } = await platen('server', 'add', name, '--json');
    const replica = new TestReplica(server);
    expect((await replica.join((JSON.parse(out) as { token: string }).token)).status).toBe(200);
    return replica;
  };
  return { server, platen, join };
}

describe('platen server', () => {
  it('adds, lists, shows, sets, renames and revokes', async () => {
    const { platen, join } = await commandLine();
    const added = await platen('server', 'add', 'PS008');
    expect(added.out).toMatch(/--host 0\.0\.0\.0[\s\S]*platen serve --package-server --join https:\/\/127\.0\.0\.1:\d+ --join-token join1\.[\w-]{43}\.[0-9a-f]{64}/);
    const replica = await join('PS008');
    await replica.open();
    await replica.prove();
    expect((await platen('server', 'list')).out).toMatch(/PS008 +connected/);
    expect((await platen('server', 'set', 'PS008', '--limit', '10M')).out).toBe('PS008: site none, limit 10.0 MB/s.');
    expect((await platen('server', 'rename', 'PS008', 'Library')).code).toBe(0);
    expect((await platen('server', 'show', 'Library', '--history')).out).toMatch(/Server +Library[\s\S]*Addresses +https:\/\/10\.9\.0\.5:8420[\s\S]*Renamed from "PS008" to "Library"/);
    expect(await platen('server', 'revoke', 'Library')).toMatchObject({ code: 2, err: expect.stringContaining('add --yes') as string });
    expect((await platen('server', 'revoke', 'Library', '--yes')).out).toBe('Library is revoked. It keeps what it has and is asked for nothing.');
    expect((await platen('server', 'list')).out).toMatch(/Library +revoked/);
  });

  it('assigns images, after telling what that does, and sets rules', async () => {
    const { platen, join, server } = await commandLine();
    await join('PS008');
    addImages(server, 1);
    expect((await platen('server', 'assign', 'Image 0000', '--scope', 'none', '--preview')).out).toBe('- Image 0000 does not come to PS008 any more.\nNothing was changed.');
    expect((await platen('server', 'assign', 'Image 0000', '--to', 'PS008')).code).toBe(0);
    expect(await platen('server', 'assign', 'Image 0000', '--to', 'PS008', '--scope', 'all')).toMatchObject({ code: 2 });
    expect((await platen('server', 'rules', '--set', '10.1.0.0/16=PS008')).out).toMatch(/10\.1\.0\.0\/16 +PS008/);
    expect((await platen('server', 'rules', '--clear')).out).toMatch(/no rules/);
  });
});

describe('platen site', () => {
  it('adds, lists, shows, changes and deletes, with templates', async () => {
    const { platen, join, server } = await commandLine();
    await join('PS008');
    addImages(server, 1);
    expect((await platen('site', 'template', 'add', 'Schools')).code).toBe(0);
    expect((await platen('site', 'add', 'Rome', '--subnet', '10.1.0.0/16', '--template', 'Schools', '--limit', '500k', '--window', 'mon-fri 22:00-06:00')).out).toBe('The site Rome is there.');
    await platen('server', 'set', 'PS008', '--site', 'Rome');
    expect((await platen('site', 'show', 'Rome')).out).toMatch(/Subnets +10\.1\.0\.0\/16[\s\S]*Servers +PS008[\s\S]*Template +Schools[\s\S]*Limit +500 kB\/s[\s\S]*mon-fri 22:00-06:00/);
    await platen('site', 'template', 'publish', 'Schools');
    expect((await platen('site', 'template', 'set', 'Schools', '--add', 'Image 0000')).out).toMatch(/\+ Image 0000 is copied to PS008: 1 version/);
    expect((await platen('site', 'template', 'list')).out).toMatch(/Schools +1 +0 +1 +published, with a draft/);
    expect((await platen('site', 'template', 'publish', 'Schools')).out).toMatch(/revision 2/);
    expect((await platen('site', 'template', 'restore', 'Schools', '--revision', '1')).out).toMatch(/revision 3 now/);
    expect((await platen('site', 'template', 'show', 'Schools')).out).toMatch(/Revisions +3 [\s\S]*1 /);
    expect((await platen('site', 'set', 'Rome', '--template', 'none', '--locally-managed')).code).toBe(0);
    expect((await platen('site', 'list')).out).toMatch(/Rome +10\.1\.0\.0\/16 +PS008 +yes/);
    expect((await platen('site', 'template', 'delete', 'Schools')).code).toBe(0);
    expect((await platen('site', 'delete', 'Rome')).out).toMatch(/deleted/);
    expect((await platen('site', 'list')).out).toMatch(/no sites yet/);
  });
});

it.each([['10M', 10_000_000], ['500k', 500_000], ['1.5g', 1_500_000_000], ['2MB/s', 2_000_000], ['none', null]])('%s is a rate', (text, rate) => expect(readRate(text)).toBe(rate));
it.each(['10', 'fast', '', '-1M', '1k'])('"%s" is none', (text) => expect(() => readRate(text)).toThrow(/is no rate/));
it.each([['mon-fri 22:00-06:00', 'mon-fri 22:00-06:00'], ['sat,sun 00:00-24:00', 'sun,sat 00:00-00:00'], ['fri-mon 01:00-02:00', 'sun,mon,fri,sat 01:00-02:00'], ['daily 01:00-05:00', 'daily 01:00-05:00']])('%s is a window', (text, words) => expect(windowText(readWindow(text))).toBe(words));
it.each(['', 'always on', 'mon 25:00-06:00', 'xxx 01:00-02:00', 'mon 1:00'])('"%s" is no window', (text) => expect(() => readWindow(text)).toThrow(/is no window/));
