import { describe, expect, it } from 'vitest';
import { addImages, TestReplica } from '../test-replica.ts';
import { testApi, testServer, type TestApi } from '../test-server.ts';

const refused = (code: string, text: RegExp) => expect.objectContaining({ message: expect.stringMatching(text), data: expect.objectContaining({ app: expect.objectContaining({ code }) }) }) as Error;
const site = (name: string, more = {}) => ({ name, description: '', subnets: [], locallyManaged: false, templateId: null, bytesPerSecond: null, windows: [], ...more });
const undone = async (api: TestApi, result: { undo: number | null }) => api.undo.run.mutate({ id: result.undo ?? 0 });

async function console() {
  const server = await testServer();
  const api = testApi(server);
  const join = async (name: string, more = {}): Promise<TestReplica> => {
    const replica = new TestReplica(server);
    expect((await replica.join((await api.servers.add.mutate({ name, ...more })).token)).status).toBe(200);
    return replica;
  };
  return { server, api, join };
}

describe('sites', () => {
  it('are made, changed and deleted, each with its way back', async () => {
    const { api } = await console();
    const made = await api.sites.create.mutate(site('Rome', { subnets: ['10.1.0.0/16'] }));
    const changed = await api.sites.save.mutate({ site: 'Rome', change: { name: 'Roma', bytesPerSecond: 10_000_000, windows: [{ days: [1, 2], from: '22:00', to: '06:00' }] } });
    expect(await api.sites.get.query({ site: 'roma' })).toMatchObject({ id: made.id, subnets: ['10.1.0.0/16'], bytesPerSecond: 10_000_000, windows: [{ days: [1, 2] }] });
    await undone(api, changed);
    expect(await api.sites.get.query({ site: 'Rome' })).toMatchObject({ bytesPerSecond: null, windows: [] });
    const deleted = await api.sites.trash.mutate({ site: 'Rome' });
    expect(await api.sites.list.query()).toEqual([]);
    await undone(api, deleted);
    await undone(api, made);
    expect(await api.sites.list.query()).toEqual([]);
    await expect(undone(api, made)).rejects.toEqual(refused('conflict', /undone already/));
    expect(await api.sites.save.mutate({ site: (await api.sites.create.mutate(site('Oslo'))).id, change: { name: 'Oslo' } })).toEqual({ undo: null });
  });

  it('have each a name and subnets of their own; a smaller subnet within another site\'s is fine', async () => {
    const { api } = await console();
    await api.sites.create.mutate(site('Rome', { subnets: ['10.1.0.0/16'] }));
    await expect(api.sites.create.mutate(site('rome'))).rejects.toEqual(refused('conflict', /called "Rome" already/));
    await expect(api.sites.create.mutate(site('Oslo', { subnets: ['10.1.2.3/16'] }))).rejects.toEqual(refused('conflict', /belongs to the site "Rome"/));
    await expect(api.sites.create.mutate(site('Oslo', { subnets: ['10.1.0.300/16'] }))).rejects.toEqual(refused('invalid-input', /is no subnet/));
    await api.sites.create.mutate(site('Oslo', { subnets: ['10.1.7.0/24'] }));
    expect((await api.servers.sources.query({ address: '10.1.7.9' })).capture.reason).toMatch(/no server at Oslo is connected/);
  });

  it('that are deleted let their servers go, and get them back', async () => {
    const { api, join } = await console();
    await api.sites.create.mutate(site('Rome'));
    const replica = await join('PS008', { site: 'Rome' });
    expect(await api.servers.get.query({ server: 'PS008' })).toMatchObject({ siteName: 'Rome' });
    const deleted = await api.sites.trash.mutate({ site: 'Rome' });
    expect(await api.servers.get.query({ server: replica.id })).toMatchObject({ siteName: null, state: 'joined' });
    await undone(api, deleted);
    expect(await api.sites.get.query({ site: 'Rome' })).toMatchObject({ serverIds: [replica.id] });
  });
});

describe('site templates', () => {
  it('keep a draft, publish revisions, and go back to any of them', async () => {
    const { api, server, join } = await console();
    const [a, b] = addImages(server, 2).map((each) => each.image) as [string, string];
    const { id } = await api.sites.createTemplate.mutate({ name: 'Schools' });
    await api.sites.create.mutate(site('Rome', { templateId: id }));
    await join('PS008', { site: 'Rome' });
    const content = (images: string[]) => ({ images, bytesPerSecond: null, windows: [] });
    expect(await api.sites.publishTemplate.mutate({ template: 'Schools' })).toMatchObject({ revision: 1 }); // empty is fine
    const drafted = await api.sites.saveDraft.mutate({ template: 'Schools', draft: content([a, b]) });
    expect((await api.sites.previewTemplate.query({ template: 'Schools' })).map((each) => [each.kind, each.imageGuid])).toEqual([['gain', a], ['gain', b]]);
    expect(await api.sites.template.query({ template: id })).toMatchObject({ revision: 1, published: { images: [] }, draft: { images: [a, b] } });
    await api.sites.publishTemplate.mutate({ template: 'Schools' });
    expect(await api.sites.publishTemplate.mutate({ template: 'Schools' })).toEqual({ undo: null, revision: 2 });
    await expect(undone(api, { undo: drafted.undo })).resolves.toMatchObject({ label: 'Changed the site template Schools' });
    expect((await api.sites.previewTemplate.query({ template: 'Schools' })).map((each) => each.kind)).toEqual(['loss', 'loss']);
    expect(await api.sites.restoreTemplate.mutate({ template: 'Schools', revision: 1 })).toMatchObject({ revision: 3 });
    expect((await api.sites.templateHistory.query({ template: 'Schools' })).map((each) => [each.revision, each.content.images.length, each.actor])).toEqual([[3, 0, 'admin'], [2, 2, 'admin'], [1, 0, 'admin']]);
    await expect(api.sites.restoreTemplate.mutate({ template: 'Schools', revision: 9 })).rejects.toEqual(refused('not-found', /no revision 9/));
    await expect(api.sites.trashTemplate.mutate({ template: 'Schools' })).rejects.toEqual(refused('conflict', /"Rome" follows the template/));
    await api.sites.save.mutate({ site: 'Rome', change: { templateId: null } });
    await api.sites.trashTemplate.mutate({ template: 'Schools' });
    expect(await api.sites.templates.query()).toEqual([]);
  });

  it('say of an image that goes nowhere that they do not bring it', async () => {
    const { api, server, join } = await console();
    const [a] = addImages(server, 1).map((each) => each.image) as [string];
    const { id } = await api.sites.createTemplate.mutate({ name: 'Schools' });
    expect(await api.sites.previewTemplate.query({ template: id })).toMatchObject([{ kind: 'note', text: expect.stringContaining('No site follows') as string }]);
    await api.sites.create.mutate(site('Rome', { templateId: id }));
    await join('PS008', { site: 'Rome' });
    await api.replication.setScope.mutate({ images: ['Image 0000'], scope: 'none' });
    const preview = await api.sites.previewTemplate.query({ template: id, content: { images: [a], bytesPerSecond: null, windows: [] } });
    expect(preview).toMatchObject([{ kind: 'note' }, { kind: 'refusal', text: expect.stringContaining('scope none') as string }]);
  });
});

describe('servers', () => {
  it('are renamed, placed and limited, each with its way back', async () => {
    const { api, join } = await console();
    const replica = await join('PS008');
    const get = () => api.servers.get.query({ server: replica.id });
    const renamed = await api.servers.rename.mutate({ server: 'ps008', name: 'Library' });
    const limited = await api.servers.setLimit.mutate({ server: 'Library', bytesPerSecond: 1_000_000 });
    await api.sites.create.mutate(site('Rome'));
    const placed = await api.servers.setSite.mutate({ server: 'Library', site: 'Rome', parent: null });
    expect(await get()).toMatchObject({ name: 'Library', bytesPerSecond: 1_000_000, siteName: 'Rome' });
    for (const result of [placed, limited, renamed]) await undone(api, result);
    expect(await get()).toMatchObject({ name: 'PS008', bytesPerSecond: null, siteName: null });
    await expect(api.servers.rename.mutate({ server: 'PS008', name: (await api.servers.list.query())[0]?.name ?? '' })).rejects.toEqual(refused('conflict', /already/));
    await expect(api.servers.get.query({ server: 'PS999' })).rejects.toEqual(refused('not-found', /platen server list/));
  });

  it('copy from a parent that is a package server of the first tier', async () => {
    const { api, join } = await console();
    const [a, b, c] = [await join('A'), await join('B'), await join('C')];
    await api.servers.setSite.mutate({ server: 'B', site: null, parent: 'A' });
    expect(await api.servers.get.query({ server: 'B' })).toMatchObject({ parentId: a.id });
    for (const [server, parent, why] of [['A', 'B', /edge server/], ['C', 'B', /edge server/], ['C', 'C', /itself/], ['A', 'C', /Other servers copy from "A"/], ['C', 'Platen', /package server that has joined/]] as const) {
      await expect(api.servers.setSite.mutate({ server, site: null, parent })).rejects.toEqual(refused('conflict', why));
    }
    expect([b.id, c.id]).toHaveLength(2);
  });

  it('that own images are not put out by mistake', async () => {
    const { api, server, join } = await console();
    const replica = await join('PS008');
    addImages(server, 1);
    const { inDatabase } = await import('../test-replica.ts');
    inDatabase(server, (db) => db.run('UPDATE owner SET server_id = :id', { id: replica.id }));
    await expect(api.servers.revoke.mutate({ server: 'PS008' })).rejects.toEqual(refused('conflict', /owns 1 image\. Retire it/));
    await api.servers.revoke.mutate({ server: 'PS008', force: true });
    expect(await api.servers.get.query({ server: replica.id })).toMatchObject({ state: 'revoked', connected: false });
  });

  it('are named by rules, in their order, for subnets that are some', async () => {
    const { api, join } = await console();
    const replica = await join('PS008');
    await api.servers.setRules.mutate({ rules: [{ subnet: '10.1.7.0/24', server: 'PS008' }, { subnet: '10.1.0.0/16', server: 'Platen' }] });
    expect((await api.servers.rules.query()).map((rule) => rule.subnet)).toEqual(['10.1.7.0/24', '10.1.0.0/16']);
    await replica.open();
    await replica.prove();
    expect((await api.servers.sources.query({ address: '10.1.7.9' })).capture).toMatchObject({ name: 'PS008', reason: 'a rule says so for the subnet 10.1.7.0/24' });
    await expect(api.servers.setRules.mutate({ rules: [{ subnet: '10.1.0.999/16', server: 'PS008' }] })).rejects.toEqual(refused('invalid-input', /no subnet/));
    await api.servers.setRules.mutate({ rules: [] });
    expect(await api.servers.rules.query()).toEqual([]);
  });
});

it('the scope of images is set for many at once, told before, and taken back', async () => {
  const { api, server, join } = await console();
  const replica = await join('PS008');
  addImages(server, 3);
  const change = { images: ['Image 0000', 'Image 0001'], scope: 'selected' as const, servers: [] };
  expect((await api.replication.previewScope.query(change)).map((each) => [each.kind, each.text])).toEqual([
    ['loss', 'Image 0000 does not come to PS008 any more.'], ['loss', 'Image 0001 does not come to PS008 any more.'],
  ]);
  const scopes = async () => (await api.replication.matrix.query()).map((row) => [row.scope, row.cells.find((cell) => cell.serverId === replica.id)?.assigned]);
  const set = await api.replication.setScope.mutate(change);
  expect(await scopes()).toEqual([['selected', false], ['selected', false], ['default', true]]);
  await undone(api, set);
  expect(await scopes()).toEqual([['default', true], ['default', true], ['default', true]]);
  await expect(api.replication.setScope.mutate({ images: ['nothing'], scope: 'all' })).rejects.toEqual(refused('not-found', /no image "nothing"/));
  await expect(api.replication.setScope.mutate({ images: ['Image 0000'], scope: 'all', servers: ['PS008'] })).rejects.toEqual(refused('invalid-input', /have no meaning/));
});

it('the tree has every server and site', async () => {
  const { api, join } = await console();
  await join('PS008');
  await api.sites.create.mutate(site('Rome'));
  expect((await api.tree.children.query({ parent: 'servers' })).map((node) => [node.kind, node.name, node.state])).toEqual([['server', 'Platen', 'online'], ['server', 'PS008', 'offline'], ['site', 'Rome', null]]);
  expect((await api.tree.children.query({ parent: null })).find((node) => node.id === 'servers')?.badge).toBe('1');
});
