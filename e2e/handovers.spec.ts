// Hand-overs, site templates, source rules, transfers and the images page in the console, against the fake server.
import type { PackageServer } from '#shared/model/replication.ts';
import { accessViolations } from './access.ts';
import { expect, test } from './console.fixture.ts';
import { guidOf } from './fakeIds.ts';
import type { FakeServer } from './fakeServer.ts';

const [ps8, ps9, laptop] = [guidOf('server PS008'), guidOf('server PS009'), guidOf('server PS010-laptop')];
function serverOf(fake: FakeServer, id: string): PackageServer {
  const found = fake.servers.servers.find((server) => server.id === id);
  if (found === undefined) throw new Error('the fake data lack this server');
  return found;
}

test.describe('hand-overs', { tag: '@windowless' }, () => {
  test('an image is handed over after every consequence was told, and given back by undo', async ({ console, page, fake }) => {
    await console.goTo(`/image/${guidOf('Win11 lab')}`);
    await console.choose('More commands', 'Take ownership…');
    const dialog = page.getByRole('dialog', { name: 'Take ownership of Win11 lab' });
    await expect(dialog.getByRole('combobox', { name: 'New owner' })).toBeFocused();
    await expect(dialog.getByText('Choose the server to see what will happen.')).toBeVisible();
    await expect(dialog.getByRole('button', { name: 'Hand over the image' })).toBeDisabled();
    await page.keyboard.type('PS009');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect(dialog.getByRole('list', { name: 'What is copied' })).toContainText('PS009: 1 image, 672 MB to copy, 14.1 GB free: fits');
    await expect(dialog.getByRole('list', { name: 'What will happen' }).getByRole('listitem').first()).toContainText(/Gain.*Win11 lab belongs to PS009 then, and not to Anna's lab any more; its 4 versions are proved there first/);
    expect(await accessViolations(page, 'take ownership')).toEqual([]);
    await dialog.getByRole('button', { name: 'Hand over the image' }).click();
    await expect(console.heading).toHaveText('Give Win11 lab to PS009');
    await expect(page.getByRole('main')).toContainText('0 of 1 image proved');
    await console.undoMessage('Begun: Take ownership of Win11 lab').getByRole('button', { name: 'Undo' }).click();
    await expect(page.getByRole('main').locator('header')).toContainText('Cancelled');
    expect(fake.servers.handovers[0]?.state).toBe('cancelled');
  });

  test('everything whose location is a server is handed over at once', async ({ console, page, fake }) => {
    await console.goTo('/matrix');
    await page.getByRole('combobox', { name: 'Location' }).click();
    await page.getByRole('option', { name: `Location is ${fake.data.status.name}` }).click();
    await expect(page.getByRole('main').locator('header')).toContainText('5 of 6 images');
    await page.getByRole('checkbox', { name: 'Choose Exam room 2025' }).check();
    await expect(page.getByRole('main').locator('header')).toContainText('1 chosen');
    await console.button('Take ownership…').click();
    await expect(page.getByRole('dialog', { name: 'Take ownership of Exam room 2025' })).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await page.getByRole('checkbox', { name: 'Choose Exam room 2025' }).uncheck();
    await console.button('Take ownership…').click();
    await expect(page.getByRole('dialog', { name: 'Take ownership of 5 images' })).toBeVisible();
  });

  test('what is refused says why, and can not begin', async ({ console, page, fake }) => {
    fake.servers.refusal = 'PS009 is being handed over itself, so it takes over nothing. Choose a server that stays.';
    await console.goTo(`/server/${ps8}`);
    await console.choose('More commands', 'Replace…');
    const dialog = page.getByRole('dialog', { name: 'Replace PS008' });
    await expect(dialog.getByRole('combobox', { name: 'New server' })).toBeFocused();
    await dialog.getByRole('combobox', { name: 'New server' }).click();
    await dialog.getByRole('option', { name: 'PS009, Milan' }).click();
    await expect(dialog.getByRole('list', { name: 'What will happen' }).getByRole('listitem').first()).toContainText(/Refused.*takes over nothing/);
    await expect(dialog.getByRole('button', { name: 'Begin to replace PS008' })).toBeDisabled();
    expect(await accessViolations(page, 'refused')).toEqual([]);
  });

  test('a server is retired: begun, closed, found again, proved, let go, taken back', async ({ console, page, fake }) => {
    await console.goTo(`/server/${ps8}`);
    await console.choose('More commands', 'Retire…');
    const dialog = page.getByRole('dialog', { name: 'Retire PS008' });
    await expect(dialog.getByRole('list', { name: 'What will happen' })).toContainText('PS008 is neither asked nor served any more, once you let it go');
    await expect(dialog.getByRole('table', { name: 'Images that change hands' })).toContainText('Linux workshop');
    await dialog.getByRole('button', { name: 'Begin to retire PS008' }).click();
    await expect(console.heading).toHaveText('Retire PS008');
    const [handover] = fake.servers.handovers;
    const [image] = handover?.images ?? [];
    if (handover === undefined || image === undefined) throw new Error('nothing was begun');

    // While it is copied, the rate comes from what moves to the new owner.
    Object.assign(image, { state: 'copying', doneBytes: image.bytes / 2 });
    const own = fake.servers.servers.find((server) => server.isSelf);
    const [moving] = serverOf(fake, ps8).moving;
    if (own === undefined || moving === undefined) throw new Error('nothing moves');
    own.moving = [{ ...moving, imageGuid: image.imageGuid, imageName: image.imageName, rateBytesPerSecond: 40e6, etaSeconds: 61 }];
    fake.changed('handover', handover.id);
    await expect(console.row('Images', 'Linux workshop')).toContainText(/Copying.*2\.4 GB of 4\.8 GB.*40\.0 MB\/s · 1 min/);
    await console.goTo('/servers');
    const strip = page.getByRole('list', { name: 'Hand-overs under way' });
    await expect(strip).toContainText('Retire PS008');
    await expect(strip).toContainText('0 of 1 image proved');
    await expect(console.row('Package servers', 'PS008')).toContainText('Retiring');
    await strip.getByRole('link', { name: 'Retire PS008' }).click();

    Object.assign(image, { state: 'switched', doneBytes: image.bytes });
    handover.state = 'ready';
    fake.changed('handover', handover.id);
    await expect(page.getByRole('main')).toContainText('every version of every image below deploys without PS008');
    await expect(console.row('Images', 'Linux workshop')).toContainText('Handed over');
    expect(await accessViolations(page, 'ready to let go')).toEqual([]);
    await console.button('Let PS008 go').click();
    await expect(page.getByRole('main')).toContainText('PS008 is let go');
    expect(serverOf(fake, ps8).state).toBe('retired');
    await console.undoMessage('PS008 is let go').getByRole('button', { name: 'Undo' }).click();
    await expect(console.button('Let PS008 go')).toBeVisible();
    await console.button('Cancel and give back').click();
    await expect(page.getByRole('main').locator('header')).toContainText('Cancelled');
    expect(serverOf(fake, ps8).state).toBe('joined');
  });

  test('a server that is away for long with images of its own offers to recover them, and loss is accepted by hand', async ({ console, page, fake }) => {
    Object.assign(serverOf(fake, laptop), { ownedImages: 1 });
    for (const row of fake.servers.matrix) if (row.imageName === 'Linux workshop') row.ownerId = laptop;
    await console.goTo(`/server/${laptop}`);
    await page.getByRole('list', { name: 'Needs attention' }).getByRole('button', { name: 'Recover its images…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Recover the images of PS010-laptop' });
    await expect(dialog.getByRole('list', { name: 'What will happen' })).toContainText('proved nowhere but on PS010-laptop');
    await expect(dialog.getByRole('button', { name: 'Recover the images' })).toBeDisabled();
    await dialog.getByRole('checkbox', { name: 'Also where versions are proved nowhere' }).check();
    await expect(dialog.getByRole('list', { name: 'What will happen' })).toContainText(/Loss.*stays listed as lost/);
    await dialog.getByRole('button', { name: 'Recover the images' }).click();
    await expect(console.heading).toHaveText('Recover the images of PS010-laptop');
  });

  test('what changed meanwhile is told again before it begins', async ({ console, page, fake }) => {
    await console.goTo(`/server/${ps8}`);
    await console.choose('More commands', 'Retire…');
    const dialog = page.getByRole('dialog', { name: 'Retire PS008' });
    await expect(dialog.getByRole('list', { name: 'What will happen' })).toContainText('Linux workshop belongs');
    fake.servers.refusal = 'PS008 is being handed over already.';
    await dialog.getByRole('button', { name: 'Begin to retire PS008' }).click();
    await expect(dialog.getByRole('alert').filter({ hasText: 'could not begin' })).toContainText('different by now');
    await expect(dialog.getByRole('list', { name: 'What will happen' })).toContainText('being handed over already');
  });
});

test.describe('site templates', { tag: '@windowless' }, () => {
  test('are drafted by search, published after what that does was told, and put back', async ({ console, page, fake }) => {
    const schools = () => fake.servers.templates.find((template) => template.name === 'Schools');
    await console.goTo('/templates');
    await expect(console.row('Site templates', 'Schools')).toContainText('Revision 2, draft differs');
    await console.row('Site templates', 'Schools').getByRole('link', { name: 'Schools' }).click();
    const draft = page.getByRole('list', { name: 'Images of the draft' });
    await expect(draft.getByRole('listitem').filter({ hasText: 'Linux workshop' })).toContainText('left out');
    await page.getByRole('combobox', { name: 'Add an image' }).click();
    await expect(page.getByRole('combobox', { name: 'Add an image' })).toBeFocused();
    await page.keyboard.type('exam');
    await page.getByRole('option', { name: 'Exam room 2025' }).click();
    await expect(draft.getByRole('listitem').filter({ hasText: 'Exam room 2025' })).toContainText('added');
    await page.getByRole('button', { name: 'Windows: mon-fri 22:00-06:00' }).click();
    await page.getByRole('textbox', { name: 'Windows' }).fill('nights');
    await expect(page.getByText('“nights” is no window.')).toBeVisible();
    await page.getByRole('textbox', { name: 'Windows' }).fill('daily 20:00-24:00');
    await page.keyboard.press('Enter');
    await expect.poll(() => schools()?.draft.windows).toEqual([{ days: [0, 1, 2, 3, 4, 5, 6], from: '20:00', to: '00:00' }]);
    await console.button('Publish…').click();
    const dialog = page.getByRole('dialog', { name: 'Publish Schools' });
    await expect(dialog.getByRole('list', { name: 'What will happen' })).toContainText(/Loss.*Linux workshop is not kept up to date.*Gain.*Win11 teacher is copied/);
    expect(await accessViolations(page, 'publish')).toEqual([]);
    await dialog.getByRole('button', { name: 'Publish', exact: true }).click();
    await expect(page.getByRole('main').locator('header')).toContainText('Published, revision 3');
    await expect(console.button('Publish…')).toBeDisabled();
    await page.getByRole('tab', { name: /History/ }).click();
    await page.getByRole('button', { name: 'Publish again… Revision 1' }).click();
    await page.getByRole('dialog', { name: 'Publish revision 1 of Schools again' }).getByRole('button', { name: 'Publish', exact: true }).click();
    await expect(page.getByRole('list', { name: 'Revisions' }).getByRole('listitem').first()).toContainText(/Revision 4.*1 image · no limit · always.*published now/);
    await console.undoMessage('Schools is as in revision 1 again').getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => schools()?.revision).toBe(3);
  });

  test('are added and deleted with undo, and an empty one may be published', async ({ console, page, fake }) => {
    await console.goTo('/templates');
    await console.button('Add a site template').click();
    await expect(console.heading).toContainText('New site template');
    await page.getByRole('button', { name: 'Name: New site template' }).click();
    await expect(page.getByRole('textbox', { name: 'Name' })).toBeFocused();
    await page.getByRole('textbox', { name: 'Name' }).fill('Museums');
    await page.keyboard.press('Enter');
    await expect(console.heading).toContainText('Museums');
    await console.button('Publish…').click();
    await expect(page.getByRole('dialog')).toContainText('no images · no limit · always, for no site yet');
    await page.getByRole('dialog').getByRole('button', { name: 'Publish', exact: true }).click();
    await expect(page.getByRole('main').locator('header')).toContainText('Published, revision 1');
    await console.choose('More commands', 'Delete template');
    await expect(console.row('Site templates', 'Museums')).toHaveCount(0);
    await console.undoMessage('Site template Museums deleted').getByRole('button', { name: 'Undo' }).click();
    await expect(console.row('Site templates', 'Museums')).toBeVisible();
    expect(fake.servers.templates.at(-1)?.published?.images).toEqual([]);
  });
});

test.describe('source rules', { tag: '@windowless' }, () => {
  test('are added, edited in place, ordered by keyboard and deleted, each with undo', async ({ console, page, fake }) => {
    const rules = (): string[] => fake.servers.rules.map((rule) => `${rule.subnet} ${serverOf(fake, rule.serverId).name}`);
    await console.goTo('/rules');
    await page.getByLabel('Subnet', { exact: true }).click();
    await expect(page.getByLabel('Subnet', { exact: true })).toBeFocused();
    await page.getByLabel('Subnet', { exact: true }).fill('10.4');
    await expect(page.getByText('“10.4” is no subnet. One reads like 10.1.0.0/16.')).toBeVisible();
    await page.getByLabel('Subnet', { exact: true }).fill('10.4.0.0/16');
    await page.getByRole('combobox', { name: 'Reads from' }).click();
    await page.getByRole('option', { name: 'PS009' }).click();
    await console.button('Add rule').click();
    await expect.poll(rules).toEqual(['10.1.7.0/24 PS009', '10.9.0.0/16 PS008', '10.4.0.0/16 PS009']);
    await page.getByRole('button', { name: 'Move rule 3 up' }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(rules).toEqual(['10.1.7.0/24 PS009', '10.4.0.0/16 PS009', '10.9.0.0/16 PS008']);
    await expect(page.getByRole('button', { name: 'Move rule 2 up' })).toBeFocused();
    await page.getByRole('button', { name: 'Subnet of rule 1: 10.1.7.0/24' }).click();
    await page.getByRole('textbox', { name: 'Subnet of rule 1' }).fill('10.1.8.0/24');
    await page.keyboard.press('Enter');
    await expect.poll(() => rules()[0]).toBe('10.1.8.0/24 PS009');
    await page.getByRole('button', { name: 'Delete rule 2' }).click();
    await expect.poll(rules).toEqual(['10.1.8.0/24 PS009', '10.9.0.0/16 PS008']);
    await console.undoMessage('Rule for 10.4.0.0/16 deleted').getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => rules().length).toBe(3);
  });

  test('answer which server a computer would read from, with the reasons', async ({ console, page }) => {
    await console.goTo('/rules');
    await page.getByLabel('Address of the computer').fill('10.1.7.20');
    const answer = page.getByRole('list', { name: 'Servers in their order' }).getByRole('listitem');
    await expect(answer.nth(0)).toContainText(/first.*PS009.*a rule says so for the subnet 10\.1\.7\.0\/24/);
    await expect(answer.nth(1)).toContainText(/then.*PS008.*it is at Rome, the computer's site/);
    await expect(page.getByRole('main')).toContainText('A capture of this computer goes to PS009');
    await page.getByLabel('Address of the computer').fill('192.168.1.4');
    await expect(answer).toHaveCount(1);
    await expect(answer.nth(0)).toContainText('the computer is at no site, so the console');
    expect(await accessViolations(page, 'rules')).toEqual([]);
  });
});

test.describe('transfers', { tag: '@windowless' }, () => {
  test('of everywhere are on one page with rate, time left and why they wait, and the past ones with their sources', async ({ console, page }) => {
    await console.goTo('/transfers');
    await expect(page.getByRole('main').locator('header')).toContainText('3 on the way · 11.6 MB/s together');
    const now = page.getByRole('table', { name: 'On the way' });
    await expect(now.getByRole('row').nth(1)).toContainText(/Win11 lab.*PS008.*Copying 40 %.*11\.6 MB\/s · 5 min.*Anna's lab \(1\.9 GB\), PS009 \(500 MB\)/);
    await expect(console.row('On the way', 'outside of its window, which opens at 22:00')).toBeVisible();
    await page.getByLabel('Filter by image, server or reason').fill('room');
    await expect(now.getByRole('row')).toHaveCount(2);
    await expect(now.getByRole('row').nth(1)).toContainText('PS009');
    await page.getByLabel('Filter by image, server or reason').fill('');
    await page.getByText('Past', { exact: true }).click();
    await expect(console.row('Past transfers', 'Failed')).toContainText('No server with a ready copy could be reached.');
    await page.getByRole('combobox', { name: 'Outcome' }).click();
    await page.getByRole('option', { name: 'Done' }).click();
    await expect(page.getByRole('table', { name: 'Past transfers' }).getByRole('row')).toHaveCount(3);
    await expect(console.row('Past transfers', "Anna's lab (900 MB), PS009 (400 MB)")).toBeVisible();
  });
});

test.describe('images', { tag: '@windowless' }, () => {
  test('are found by any word and by location, and deleted together but for those that are protected', async ({ console, page, fake }) => {
    await console.goTo('/images');
    const rows = page.getByRole('table', { name: 'Images' }).getByRole('row');
    await page.getByLabel('Filter by any word').fill('november updates');
    await expect(rows).toHaveCount(2);
    await page.getByLabel('Filter by any word').fill('PS008');
    await expect(console.row('Images', 'Linux workshop')).toContainText('PS008');
    await expect(rows).toHaveCount(2);
    await page.getByLabel('Filter by any word').fill('win11');
    await page.getByRole('checkbox', { name: 'Choose all that are shown' }).check();
    await expect(page.getByRole('main').locator('header')).toContainText('2 of 2 chosen');
    await console.button('Move to trash').click();
    const skipped = page.getByRole('region', { name: 'Skipped' });
    await expect(skipped).toContainText(/Win11 lab.*· 797e3e09.*“Win11 lab” is protected, so it was not moved to the trash/);
    await expect(console.row('Images', 'Win11 teacher')).toHaveCount(0);
    expect(await accessViolations(page, 'skipped')).toEqual([]);
    await console.undoMessage('Win11 teacher moved to the trash').getByRole('button', { name: 'Undo' }).click();
    await expect(console.row('Images', 'Win11 teacher')).toBeVisible();
    expect(fake.data.images.filter((image) => image.trashedAt !== null)).toHaveLength(1);
  });

  test('of one name are told apart by date and GUID', async ({ console, fake }) => {
    const teacher = fake.data.images.find((image) => image.name === 'Win11 teacher');
    if (teacher === undefined) throw new Error('no image');
    teacher.name = 'Win11 lab';
    await console.goTo('/images');
    fake.changed('image', teacher.guid);
    await expect(console.row('Images', 'Win11 lab')).toHaveCount(2);
    await expect(console.row('Images', `· ${teacher.guid.slice(0, 8)}`)).toBeVisible();
  });
});

test('heartbeats of servers fetch no copies, changes of images do', { tag: '@windowless' }, async ({ console, page, fake }) => {
  await console.goTo('/matrix');
  await expect(console.row('Images and servers', 'Win11 lab')).toContainText('copying 40 %');
  const row = fake.servers.matrix.find((each) => each.imageName === 'Win11 teacher');
  const [moving] = serverOf(fake, ps8).moving;
  if (row === undefined || moving === undefined) throw new Error('the fake data lack an image that moves');
  // What a heartbeat brings is shown; what only the copies know is not asked for.
  row.imageName = 'Renamed behind the back';
  moving.doneBytes = 4.8e9;
  fake.changed('server', ps8);
  await expect(console.row('Images and servers', 'Win11 lab')).toContainText('copying 80 %');
  await expect(console.row('Images and servers', 'Win11 teacher')).toBeVisible();
  fake.changed('image', row.imageGuid);
  await expect(console.row('Images and servers', 'Renamed behind the back')).toBeVisible();
  // A server that has other copies now is a change of copies.
  row.imageName = 'Once more';
  serverOf(fake, ps9).copies.ready++;
  fake.changed('server', ps9);
  await expect(console.row('Images and servers', 'Once more')).toBeVisible();
  await expect(page.getByRole('main').locator('header')).toContainText('6 images');
});

test('an edge server’s parent is chosen on its page, and when it is added', { tag: '@windowless' }, async ({ console, page, fake }) => {
  Object.assign(serverOf(fake, ps9), { siteId: guidOf('site Rome'), siteName: 'Rome' });
  await console.goTo(`/server/${ps9}`);
  await page.getByRole('combobox', { name: 'Copies from' }).click();
  await page.getByRole('option', { name: 'PS008 alone' }).click();
  await expect.poll(() => serverOf(fake, ps9).parentId).toBe(ps8);
  await expect(page.getByRole('main')).toContainText('Edge server');
  await console.undoMessage('PS009 copies from PS008 alone now').getByRole('button', { name: 'Undo' }).click();
  await expect.poll(() => serverOf(fake, ps9).parentId).toBeNull();
  await console.goTo('/servers/add');
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('Name')).toBeFocused();
  await dialog.getByRole('combobox', { name: 'Site' }).click();
  await dialog.getByRole('option', { name: 'Rome' }).click();
  await dialog.getByRole('combobox', { name: 'Copies from' }).click();
  await dialog.getByRole('option', { name: 'PS008 alone' }).click();
  expect(await accessViolations(page, 'add an edge server')).toEqual([]);
});

test.describe('a console with nothing yet', { tag: '@windowless' }, () => {
  test.use({ content: 'empty' });
  test('has a first sentence on every page', async ({ console, page }) => {
    for (const [path, text] of [['/handovers', 'Hand-overs will be here'], ['/templates', 'Site templates will be here'], ['/transfers', 'Nothing is on its way'], ['/transfers/past', 'Transfers will be here'], ['/rules', 'There is no rule: sites decide.']] as const) {
      await console.goTo(path);
      await expect(page.getByText(text)).toBeVisible();
      expect(await accessViolations(page, `empty ${path}`)).toEqual([]);
    }
  });
});

for (const scheme of ['light', 'dark'] as const) {
  test(`axe finds nothing on the pages of replication, ${scheme}`, { tag: '@windowless' }, async ({ console, page }) => {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    const found: string[] = [];
    for (const path of ['/images', '/handovers', `/handover/${guidOf('hand-over open')}`, `/handover/${guidOf('hand-over past')}`, '/templates', `/template/${guidOf('template Schools')}`, `/template/${guidOf('template Schools')}/history`, '/rules', '/transfers', '/transfers/past', `/server/${laptop}`]) {
      await console.goTo(path);
      await expect(console.heading).not.toHaveText('Loading');
      found.push(...await accessViolations(page, path));
    }
    expect(found).toEqual([]);
  });
}
