import { describe, expect, it } from 'vitest';
import { addImages, inDatabase } from '../test-replica.ts';
import { replica, report, type Place } from '../test-handover.ts';
import { eventually, testApi, testServer } from '../test-server.ts';
import { runCommandLine } from './main.ts';

async function commandLine() {
  const server = await testServer();
  const hq: Place = { server, api: testApi(server), dataFolder: server.dataFolder };
  const platen = async (...argv: string[]): Promise<{ code: number; out: string; err: string }> => {
    const [out, err]: [string[], string[]] = [[], []];
    const code = await runCommandLine([...argv, '--data', server.dataFolder], {
      json: argv.includes('--json'), interactive: false, columns: null, env: {}, now: () => Date.now(), say: (text) => err.push(text), print: (text) => out.push(text), confirm: () => Promise.resolve(false),
      progress: { update: () => undefined, end: () => undefined },
    });
    return { code, out: out.join('\n'), err: err.join('\n') };
  };
  return { hq, platen };
}
const own = (hq: Place, name: string): void => inDatabase(hq.server, (db) => void db.run('UPDATE owner SET server_id = (SELECT id FROM server WHERE name = :name)', { name }));

describe('platen server', () => {
  it('takes ownership of all that a server owns, after telling what that does, waits for the proof, and takes it back', async () => {
    const { hq, platen } = await commandLine();
    const [a, b] = [await replica(hq, 'PS008'), await replica(hq, 'PS010')];
    const [made] = addImages(hq.server, 1);
    own(hq, 'PS008');
    report(a, made?.versions ?? []);
    const told = await platen('server', 'take-ownership', '--from', 'PS008', '--to', 'PS010', '--preview');
    expect(told).toMatchObject({ code: 0 });
    expect(told.out).toMatch(/\+ Image 0000 belongs to PS010 then, and not to PS008 any more; its version is proved there first\.[\s\S]*PS010 copies 1 version of Image 0000 first, at most 500 B\.[\s\S]*Nothing was changed\./);
    const waiting = platen('server', 'take-ownership', '--from', 'PS008', '--to', 'PS010', '--wait', '--json');
    await eventually(() => hq.api.handovers.list.query(), (found) => found.length === 1);
    report(b, made?.versions ?? []);
    const { code, out } = await waiting;
    expect({ code, json: JSON.parse(out) as unknown }).toMatchObject({ code: 0, json: { handover: { kind: 'take-ownership', state: 'done', images: [{ imageName: 'Image 0000', state: 'switched' }] } } });
    const id = (JSON.parse(out) as { handover: { id: string } }).handover.id;
    expect((await platen('image', 'list')).out).toMatch(/MANAGED\nImage 0000 .* externally, by PS010/);
    expect((await platen('server', 'hand-overs')).out).toMatch(/ownership to PS010 +done +1\/1/);
    expect((await platen('server', 'hand-overs', id.slice(0, 6))).out).toMatch(/Image 0000 +PS010 +switched[\s\S]*--undo/);
    expect((await platen('server', 'hand-over', id, '--undo')).out).toBe('Undone: 1 image changed hands.');
    expect((await hq.api.images.list.query())[0]?.owner.serverName).toBe('PS008');
  });

  it('retires a server, and lets it go only when it is ready', async () => {
    const { hq, platen } = await commandLine();
    const a = await replica(hq, 'PS008');
    const [made] = addImages(hq.server, 1);
    own(hq, 'PS008');
    report(a, made?.versions ?? []);
    const { code, out } = await platen('server', 'retire', 'PS008');
    expect(code).toBe(0);
    const [id = ''] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(out) ?? [];
    expect(await platen('server', 'hand-over', id, '--let-go')).toMatchObject({ code: 3, err: expect.stringMatching(/PS008 can't be let go yet/) as string });
    expect(await platen('server', 'hand-over', id, '--cancel')).toMatchObject({ code: 0, out: expect.stringMatching(/cancelled/) as string });
    expect((await hq.api.servers.get.query({ server: 'PS008' })).state).toBe('joined');
    expect(await platen('server', 'retire', 'Platen')).toMatchObject({ code: 3, err: expect.stringMatching(/The console is not retired/) as string });
  });

  it('says how it is used', async () => {
    const { platen } = await commandLine();
    expect(await platen('server', 'take-ownership', 'Lab')).toMatchObject({ code: 2, err: expect.stringContaining('--to SERVER') as string });
    expect(await platen('server', 'take-ownership', 'Lab', '--from', 'PS008', '--to', 'PS010')).toMatchObject({ code: 2 });
    expect((await platen('server', 'hand-overs')).out).toBe('There are no hand-overs.');
    expect(await platen('server', 'hand-over', 'abcd')).toMatchObject({ code: 2, err: expect.stringContaining('There is no hand-over') as string });
  });
});
