// The page Network boot, the tab Boot of a computer and the first step of Home, against the fake server; and the page once more against
// a real server that serves on loopback alone.
import { accessViolations } from './access.ts';
import type { Page } from '@playwright/test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from './console.fixture.ts';
import { fakeTrace, readyEnvironment, signedFiles } from './fakeBoot.ts';
import { guidOf } from './fakeData.ts';
import type { FakeServer } from './fakeServer.ts';
import { ConsolePage } from './pages/console.ts';
import { startTestServer } from './server.ts';

const computer = guidOf('LAB12-01');
const state = (page: Page) => page.getByRole('main').locator('header');
const adapters = (page: Page) => page.getByRole('radiogroup', { name: 'Adapter that the computers are connected to' });
/** As when a build ends well; the windows are told. */
function built(fake: FakeServer): void {
  fake.boot.status.environment = readyEnvironment(Date.now());
  fake.changed('boot', 'boot');
}
const trace = (page: Page, name: string) => page.getByRole('list', { name: 'Boots', exact: true }).locator(':scope > li').filter({ hasText: name });

test.describe('setting up network boot', { tag: '@windowless' }, () => {
  test.use({ content: 'empty' });

  test('leads from Home to a server that serves: build, choose, switch on, and back by undo', async ({ console, page, fake }) => {
    await console.goTo('/');
    await console.button('Set up network boot').click();
    await expect(console.heading).toHaveText('Network boot');
    await expect(state(page)).toContainText('Off');
    await console.button('Build the boot environment').click();
    await expect(page.getByRole('status', { name: 'Building the boot environment' })).toContainText('Fetching 212 packages');
    fake.boot.status.environment.log.push('Packing the base archive');
    fake.changed('boot', 'boot');
    await expect(page.getByRole('log', { name: 'Log of the build' })).toContainText('Packing the base archive');
    built(fake);
    await expect(page.getByRole('row', { name: /snponly\.efi/ })).toContainText('ipxe 2.0.0');

    await console.button('Switch on…').click();
    await expect(adapters(page).getByRole('radio', { name: /eth1/ })).toBeChecked();
    await expect(page.getByRole('complementary', { name: 'What will happen' })).toContainText('on 192.168.10.5 (eth1), and no other adapter');
    await console.button('Switch on').click();
    await expect(state(page)).toContainText('Serving 192.168.10.5 · proxy DHCP · eth1');
    await expect(page.getByRole('region', { name: 'Server and session' })).toContainText('Serving 192.168.10.5 · proxy DHCP · eth1');
    await expect(console.node(/^Network boot/)).toContainText('serving');
    await console.undoMessage('Network boot serves on eth1').getByRole('button', { name: 'Undo' }).click();
    await expect(state(page)).toContainText('Off');
    expect(fake.boot.status.state).toBe('off');
  });

  test('asks which adapter where several can be meant, and guesses none that is virtual or wireless', async ({ console, page, fake }) => {
    const [eth1] = fake.boot.adapters;
    if (eth1 === undefined) throw new Error('no adapter');
    fake.boot.adapters.unshift({ ...eth1, name: 'eth0', address: '172.16.4.20' });
    built(fake);
    await console.goTo('/boot');
    await expect(adapters(page).getByRole('radio', { name: /eth1/ })).toBeVisible();
    await expect(adapters(page).getByRole('radio', { checked: true })).toHaveCount(0);
    await console.button('Switch on').click();
    await expect(page.getByText('Choose the adapter that the computers are connected to.', { exact: true })).toBeVisible();
    await expect(adapters(page).getByRole('radio', { name: /eth0/ })).toBeFocused();
    await expect(adapters(page).getByRole('radio', { name: /eth2/ })).toBeDisabled();
    expect(fake.boot.status.state).toBe('off');
    await page.keyboard.press('ArrowDown');
    await expect(adapters(page).getByRole('radio', { name: /eth1/ })).toBeChecked();
    await expect(page.getByText('Choose the adapter that the computers are connected to.', { exact: true })).toHaveCount(0);
  });

  test('checks the pool of lab mode while it is typed, and applies it', async ({ console, page, fake }) => {
    built(fake);
    await console.goTo('/boot');
    await page.getByRole('radio', { name: /^Isolated lab/ }).check();
    await expect(page.getByText('127 addresses')).toBeVisible();
    await page.getByLabel('First').fill('192.168.11.1');
    await expect(page.getByText('It must lie in the adapter’s subnet: 192.168.10.1 to 192.168.10.254.')).toBeVisible();
    await console.button('Switch on').click();
    expect(fake.boot.status.state).toBe('off');
    await page.getByLabel('First').fill('192.168.10.200');
    await expect(page.getByText('55 addresses')).toBeVisible();
    await console.button('Switch on').click();
    await expect(state(page)).toContainText('isolated lab DHCP');
    expect(fake.boot.status.choice).toEqual({ mode: 'lab', adapter: 'eth1', pool: { first: '192.168.10.200', last: '192.168.10.254' } });
    await page.getByRole('tab', { name: 'Leases' }).click();
    await expect(page.getByText('Every address that lab mode gives will be here')).toBeVisible();
  });

  test('says why a build failed and what to do, and builds again', async ({ console, page, fake }) => {
    fake.boot.status.environment = { ...fake.boot.status.environment, state: 'failed', problem: 'apt-get failed: Could not connect to deb.debian.org:80. Building the boot environment needs a Debian system with apt.', log: ['Fetching ipxe'] };
    fake.changed('boot', 'boot');
    await console.goTo('/boot/environment');
    await expect(page.getByRole('alert').filter({ hasText: 'could not be built' })).toContainText('then build again');
    await console.button('Build the boot environment').click();
    await expect(page.getByRole('status', { name: 'Building the boot environment' })).toBeVisible();
    await expect(page.getByRole('alert')).toHaveCount(0);
  });
});

test.describe('network boot that serves', { tag: '@windowless' }, () => {
  test('keeps what was chosen while one looks elsewhere, says what a change would do, and says why it stopped', async ({ console, page, fake }) => {
    await console.goTo('/boot');
    await page.getByRole('radio', { name: /eth0/ }).check();
    await page.getByRole('tab', { name: 'Boots' }).click();
    await console.button('Apply…').click();
    await expect(page.getByRole('radio', { name: /eth0/ })).toBeChecked();
    await expect(page.getByRole('complementary', { name: 'What will happen' })).toContainText('have to try again');
    await page.getByRole('radio', { name: /eth1/ }).check();
    await expect(console.button('Apply')).toHaveCount(0);
    Object.assign(fake.boot.status, { state: 'stopped', ports: null, address: '', problem: 'Another DHCP server answers on this network: 192.168.10.77.' });
    fake.changed('boot', 'boot');
    await expect(page.getByRole('alert').filter({ hasText: 'Network boot has stopped' })).toContainText('192.168.10.77');
    await expect(page.getByRole('region', { name: 'Server and session' })).toContainText('Network boot has stopped');
    await console.button('Start again').click();
    await expect(state(page)).toContainText('Serving 192.168.10.5');
    await console.button('Switch off').click();
    await expect(state(page)).toContainText('Off');
    expect(fake.boot.status.choice.adapter).toBe('eth1');
  });

  test('runs the checks when they are opened, and again when asked', async ({ console, page, fake }) => {
    await console.goTo('/boot/preflight');
    const checks = page.getByRole('list', { name: 'Checks' });
    await expect(checks.getByRole('listitem').filter({ hasText: 'Kernel over HTTP' })).toContainText('Not rightKernel over HTTPThe kernel could not be fetched');
    await expect(page.getByRole('heading', { name: '1 check is not right, 1 to look at' })).toBeVisible();
    for (const check of fake.boot.checks) check.state = 'ok';
    await console.button('Run again').click();
    await expect(page.getByRole('heading', { name: 'Nothing stands in the way' })).toBeVisible();
  });

  test('shows each boot stage by stage as it goes, where it stopped with what to try, and narrows to problems', async ({ console, page, fake }) => {
    await console.goTo('/boot/boots');
    const running = trace(page, 'c8:f7:50:1d:77:04');
    await expect(running.getByRole('listitem').filter({ hasText: 'Environment awaited' })).toBeVisible();
    await expect(trace(page, 'LAB12-07')).toContainText('Switch Secure Boot off in its setup');
    const [first] = fake.boot.traces;
    if (first === undefined) throw new Error('no trace');
    fake.boot.traces[0] = { ...fakeTrace({ ...first, outcome: 'done', events: [] }, 'hello'), events: fakeTrace({ mac: first.mac, startedAt: first.startedAt }, 'hello').events };
    fake.changed('boot', first.mac);
    await expect(running).toContainText('Agent connected');
    await running.getByRole('button', { name: /^What was heard/ }).click();
    await expect(running.getByRole('list', { name: 'What was heard' })).toContainText('Fetched snponly.efi over TFTP in 91 ms');
    await page.getByText('With problems 2').click();
    await expect(running).toHaveCount(0);
    await expect(trace(page, 'LAB12-07')).toBeVisible();
    await page.getByRole('textbox', { name: 'Filter boots' }).fill('nothing like it');
    await console.button('Show all').click();
    await expect(running).toBeVisible();
    await trace(page, 'LAB12-07').getByRole('link', { name: 'LAB12-07' }).click();
    await expect(page.getByRole('tab', { name: 'Boot', selected: true })).toBeVisible();
  });

  test('keeps a setting when one leaves it, says what is wrong with a value, and takes it back', async ({ console, page, fake }) => {
    await console.goTo('/boot/settings');
    const wait = page.getByRole('textbox', { name: 'Wait for the key' });
    await wait.fill('90');
    await expect(page.getByText('A whole number from 1 to 60')).toBeVisible();
    await wait.fill('8');
    await page.keyboard.press('Enter');
    await expect(console.undoMessage('Wait for the key “i”: 8 seconds')).toBeVisible();
    expect(fake.boot.status.settings.loaderCountdownSeconds).toBe(8);
    await console.undoMessage('Wait for the key “i”').getByRole('button', { name: 'Undo' }).click();
    await expect(wait).toHaveValue('4 seconds');
  });

  test('makes a boot medium for the address one says, downloads it, and ends the secrets of all after asking', async ({ console, page, fake }) => {
    await page.route('**/download/boot-medium*', (route) => route.fulfill({ body: 'image', headers: { 'content-disposition': 'attachment; filename="platen-boot-a18df41e.iso"' } }));
    await console.goTo('/boot/media');
    const server = page.getByRole('combobox', { name: 'Server, as computers reach it' });
    await expect(server).toHaveValue('https://192.168.10.5:8420');
    await server.fill('127.0.0.1');
    await console.button('Make and download').click();
    await expect(page.getByRole('alert')).toContainText('means the computer itself');
    await server.fill('platen.example');
    const [saved] = await Promise.all([page.waitForEvent('download'), console.button('Make and download').click()]);
    expect(saved.suggestedFilename()).toBe('platen-boot-a18df41e.iso');
    await expect(page.getByRole('status').filter({ hasText: 'Being downloaded' })).toContainText('71.3 MB, for platen.example');
    await expect(page.getByText('4, whose secret opens the portal')).toBeVisible();
    await console.button('End all secrets…').click();
    await page.getByRole('dialog').getByRole('button', { name: 'End the secrets' }).click();
    await expect(page.getByText('No medium was made whose secret still holds.')).toBeVisible();
    expect(fake.boot.media.made).toBe(0);
  });

  test('shows signed iPXE files: which are used, and why one is not', async ({ console, page, fake }) => {
    await console.goTo('/boot/environment');
    const slot = page.getByRole('region', { name: 'Signed iPXE for Secure Boot' });
    await expect(slot).toContainText('put ipxe-shimx64.efi and ipxe.efi (or snponly.efi) of an official release into /var/lib/platen/signed-loaders');
    fake.boot.status.environment.signed = signedFiles;
    fake.changed('boot', 'boot');
    await expect(slot.getByRole('row', { name: /ipxe-shimx64\.efi/ })).toContainText('Microsoft UEFI CA 2023 signer');
    await expect(slot.getByRole('row', { name: /snponly\.efi/ })).toContainText('carries no signature');
  });

  test('sets what one computer gets, with undo', async ({ console, page, fake }) => {
    await console.goTo(`/computer/${computer}/boot`);
    await expect(page.getByRole('list', { name: 'Last boots' }).locator(':scope > li')).toHaveCount(3);
    await page.getByRole('radio', { name: /^Always the portal/ }).click();
    await expect(console.undoMessage('LAB12-01 at the next boot: always the portal')).toBeVisible();
    expect(fake.boot.overrides.get(computer)).toBe('portal');
    await console.undoMessage('LAB12-01 at the next boot').getByRole('button', { name: 'Undo' }).click();
    await expect(page.getByRole('radio', { name: /^As the settings say/ })).toBeChecked();
    await expect.poll(() => fake.boot.overrides.get(computer)).toBe(null);
  });

  test('keeps what was last known while the server is away, and offers nothing that cannot work', async ({ console, page, fake }) => {
    await console.goTo('/boot');
    await expect(state(page)).toContainText('Serving');
    await fake.goAway();
    await expect(console.offlineBanner()).toBeVisible();
    await expect(console.button('Switch off')).toBeDisabled();
    await expect(adapters(page).getByRole('radio', { name: /eth0/ })).toBeDisabled();
    await fake.comeBack();
    await expect(console.button('Switch off')).toBeEnabled();
  });
});

test.describe('access to network boot', { tag: '@windowless' }, () => {
  const pages = ['/boot', '/boot/environment', '/boot/preflight', '/boot/boots', '/boot/media', '/boot/leases', '/boot/settings', `/computer/${computer}/boot`, '/help/network-boot'];
  const prepare: Record<string, (fake: FakeServer) => void> = {
    serving: () => undefined,
    lab: ({ boot: { status } }) => Object.assign(status, { choice: { mode: 'lab', adapter: 'eth1', pool: { first: '192.168.10.9', last: '192.168.10.3' } }, leases: [{ address: '192.168.10.128', mac: 'a4:bb:6d:10:22:00', hostname: '', state: 'bound', endsAt: Date.now() + 1e6, computerId: computer, computerName: 'LAB12-01' }], environment: { ...status.environment, signed: signedFiles } }),
    stopped: ({ boot: { status } }) => Object.assign(status, { state: 'stopped', problem: 'UDP port 67 of 192.168.10.5 is taken by dnsmasq (process 812). Stop it, or choose another adapter.', environment: { ...status.environment, state: 'building', log: ['Fetching 212 packages'] } }),
  };
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [name, arrange] of Object.entries(prepare)) {
      test.describe(`${colorScheme}, ${name}`, () => {
        test.use({ colorScheme, contextOptions: { reducedMotion: 'reduce' } });
        test('has no axe violations', async ({ console, page, fake }) => {
          arrange(fake);
          fake.changed('boot', 'boot');
          const found: string[] = [];
          for (const path of pages) {
            await console.goTo(path);
            found.push(...(await accessViolations(page, path)));
          }
          expect(found).toEqual([]);
        });
      });
    }
  }

  test('stays usable at 200 % zoom of a 1280×720 window', async ({ console, page }) => {
    await page.setViewportSize({ width: 640, height: 360 });
    for (const path of pages) {
      await console.goTo(path);
      await expect(console.heading).toBeVisible();
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${path} is wider than the window`).toBe(true);
    }
  });
});

test('the page serves on loopback of a real server, checks it, and stops', { tag: '@windowless' }, async ({ page }) => {
  const folder = await mkdtemp(join(tmpdir(), 'platen-boot-page-'));
  // Ports of the system's choice: nothing is opened that another program could want, and no right is needed.
  const server = await startTestServer(folder, { args: ['--dhcp-port', '0', '--pxe-port', '0', '--tftp-port', '0', '--boot-port', '0'] });
  try {
    const console = new ConsolePage(page);
    await console.open(server.address);
    await console.goTo('/boot');
    await adapters(page).getByRole('radio', { name: /^lo / }).check();
    const ready = await console.button('Switch on').isVisible();
    test.skip(!ready, 'The boot environment is not built in this folder ("npm run platen -- boot build" does it), so nothing can be served.');
    await console.button('Switch on').click();
    await expect(state(page)).toContainText('Serving 127.0.0.1 · proxy DHCP · lo');
    await expect(console.node(/^Network boot/)).toContainText('serving');
    await page.getByRole('tab', { name: 'Preflight' }).click();
    await expect(page.getByRole('list', { name: 'Checks' }).getByRole('listitem').filter({ hasText: 'Loaders over TFTP' })).toContainText(/In order.*loaders fetched/, { timeout: 30_000 });
    await page.getByRole('tab', { name: 'Settings' }).click();
    await page.getByRole('textbox', { name: 'Words for the kernel' }).fill('nomodeset');
    await page.keyboard.press('Enter');
    await expect(console.undoMessage('Words for the kernel: nomodeset')).toBeVisible();
    await page.reload();
    await expect(page.getByRole('textbox', { name: 'Words for the kernel' })).toHaveValue('nomodeset');
    await console.button('Switch off').click();
    await expect(state(page)).toContainText('Off');
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
