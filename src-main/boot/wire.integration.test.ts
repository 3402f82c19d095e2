// The boot listeners on a real wire: two network namespaces and a cable between them, the listeners as an ordinary user. Needs root to make the
// namespaces, which have no way out.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { BootConfig, BootSnapshot } from './snapshot.ts';

const tools = ['ip', 'setpriv', 'sysctl'].filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
const lack = process.platform !== 'linux' ? 'needs Linux' : process.getuid?.() !== 0 ? 'needs root for network namespaces' : tools.length > 0 ? `needs ${tools.join(', ')}` : spawnSync('ip', ['netns', 'list']).status === 0 ? '' : 'network namespaces are not allowed here';
const [server, room] = [`platen-wire-${process.pid}-server`, `platen-wire-${process.pid}-room`];
const [ours, hosts] = ['10.77.9.1', '52:54:00:99:00:01'];
const nobody = '65534';
let folder = '';
const children: ChildProcess[] = [];

function ip(...args: string[]): void {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`);
}
type Told = Record<string, unknown>;
/** A program of one file in a namespace, which says one JSON document a line; it ends with this process. */
function run(place: string, source: string, { asNobody = false } = {}) {
  const user = asNobody ? [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--inh-caps=-all', '--bounding-set=-all'] : [];
  const child = spawn('ip', ['netns', 'exec', place, 'setpriv', '--pdeathsig', 'KILL', ...user, '--', process.execPath, '--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const told: Told[] = [];
  const stderr: string[] = [];
  child.stderr.on('data', (part: Buffer) => stderr.push(part.toString()));
  createInterface({ input: child.stdout }).on('line', (line) => told.push(JSON.parse(line) as Told));
  const says = async (isIt: (each: Told) => boolean): Promise<Told> => {
    await expect.poll(() => told.some(isIt) || child.exitCode !== null, { timeout: 15_000, interval: 30 }).toBe(true);
    const found = told.find(isIt);
    if (found === undefined) throw new Error(`it ended with ${child.exitCode} and said ${JSON.stringify(told)}\n${stderr.join('')}`);
    return found;
  };
  return { told, says, stop: () => child.kill('SIGKILL') };
}
const at = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);

function listeners(mode: 'lab' | 'proxy', ports: BootConfig['ports'], settings: Partial<BootSnapshot['settings']> = {}) {
  const config: BootConfig = {
    mode, address: ours, prefixLength: 24, pool: mode === 'lab' ? { first: '10.77.9.128', last: '10.77.9.140', reserved: [ours] } : null, leases: [], ports,
    loaders: { 'snponly.efi': join(folder, 'snponly.efi') }, loaderNames: { bios: 'ipxe.pxe', biosOther: 'undionly.kpxe', uefi: 'snponly.efi', uefiOther: 'ipxe-amd64.efi', secureBoot: 'shimx64.efi' }, images: {},
  };
  return run(server, `
    import { openListeners } from ${at('./listeners.ts')};
    const say = (told) => console.log(JSON.stringify(told));
    const snapshot = { settings: { unknownComputers: 'portal', loaderCountdownSeconds: 3, ...${JSON.stringify(settings)} }, computers: [], byMac: {}, byUuid: {}, kernelWords: [], small: new Uint8Array(3) };
    const { ports } = await openListeners({ config: ${JSON.stringify(config)}, snapshot, clock: Date.now, onEvent: (event) => say({ event: event.text }), onLeases: (leases) => say({ leases }), onError: (error) => say({ error: error.message }), onWarning: (warning) => say({ warning }) });
    say({ ports, uid: process.getuid() });
    setInterval(() => undefined, 1000);
  `, { asNobody: true });
}
/** A computer that asks once for an address and says what it was offered, and how long that took. */
const computer = (last: number, more = '') => run(room, `
  import { createSocket } from 'node:dgram';
  import { decodeDhcp, encodeDhcp } from ${at('../net/dhcp/packet.ts')};
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  const text = (value) => Uint8Array.from(Buffer.from(value, 'latin1'));
  const packet = { op: 1, hardwareType: 1, hops: 0, xid: ${last}, secs: 0, broadcast: true, ciaddr: '0.0.0.0', yiaddr: '0.0.0.0', siaddr: '0.0.0.0', giaddr: '0.0.0.0', chaddr: Uint8Array.of(82, 84, 0, 153, 1, ${last}), sname: '', file: '',
    options: new Map([[53, Uint8Array.of(1)], [60, text('PXEClient:Arch:00007:UNDI:003000')], [93, Uint8Array.of(0, 7)]]) };
  const text1 = (bytes) => bytes === undefined ? '' : Buffer.from(bytes).toString('latin1');
  socket.bind(68, () => {
    socket.setBroadcast(true);
    const begun = performance.now();
    socket.on('message', (bytes) => {
      const answer = decodeDhcp(bytes);
      if (answer.xid !== packet.xid || answer.op !== 2) return;
      console.log(JSON.stringify({ type: answer.options.get(53)[0], yiaddr: answer.yiaddr, server: [...answer.options.get(54)].join('.'), file: text1(answer.options.get(67)), header: answer.file, ms: Math.round(performance.now() - begun) }));
      ${more}
    });
    socket.send(encodeDhcp(packet), 67, '255.255.255.255');
  });
  setInterval(() => undefined, 1000);
`);
/** Somebody else's server, whose answers always carry a boot file in the header. */
const foreign = () => run(room, `
  import { serveDhcp } from ${at('../net/dhcp/server.ts')};
  await serveDhcp({ address: '10.77.9.2', dhcpPort: 67, pxePort: 4011, clientPort: 68, onMalformed: () => undefined, onError: () => undefined,
    receive: (packet) => {
      const type = packet.options.get(53)[0];
      const chosen = packet.options.get(54);
      if (type !== 1 && (chosen === undefined || [...chosen].join('.') !== '10.77.9.2')) return null;
      const options = new Map([[53, Uint8Array.of(type === 1 ? 2 : 5)], [54, Uint8Array.of(10, 77, 9, 2)], [1, Uint8Array.of(255, 255, 255, 0)], [51, Uint8Array.of(0, 0, 14, 16)]]);
      console.log(JSON.stringify({ type, chaddr: Buffer.from(packet.chaddr).toString('hex') }));
      return { packet: { ...packet, op: 2, yiaddr: '10.77.9.55', siaddr: '10.77.9.2', file: 'their.efi', options }, to: { address: '255.255.255.255', port: 68 } };
    } });
  console.log(JSON.stringify({ ready: true }));
`);
const standard = { dhcp: 67, pxe: 4011, tftp: 69, http: 8430, client: 68 };

describe.skipIf(lack !== '')(`network boot on a wire of its own${lack === '' ? '' : ` (${lack})`}`, () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'platen-wire-'));
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, 'snponly.efi'), 'a loader');
    for (const place of [server, room]) {
      ip('netns', 'add', place);
      ip('-n', place, 'link', 'set', 'lo', 'up');
    }
    ip('-n', server, 'link', 'add', 'lab0', 'type', 'veth', 'peer', 'name', 'room0', 'address', hosts, 'netns', room);
    ip('-n', server, 'addr', 'add', `${ours}/24`, 'brd', '+', 'dev', 'lab0');
    // A host that keeps an address of the pool to itself, and one outside it.
    for (const address of ['10.77.9.2', '10.77.9.128']) ip('-n', room, 'addr', 'add', `${address}/24`, 'brd', '+', 'dev', 'room0');
    ip('-n', room, 'link', 'set', 'room0', 'up');
    ip('-n', server, 'link', 'set', 'lab0', 'up');
    // Without a default route a broadcast would have nowhere to go.
    ip('-n', room, 'route', 'add', 'default', 'dev', 'room0');
    // Ports from 67 on for everybody, as docs/admin/network-boot.md says; of this namespace alone.
    ip('netns', 'exec', server, 'sysctl', '-q', '-w', 'net.ipv4.ip_unprivileged_port_start=67');
  });
  afterEach(async () => {
    // One that failed leaves no port taken to the next.
    const running = children.splice(0).filter((child) => child.exitCode === null && child.signalCode === null);
    await Promise.all(running.map((child) => new Promise((resolve) => child.once('exit', resolve).kill('SIGKILL'))));
  });
  afterAll(() => {
    for (const place of [server, room]) spawnSync('ip', ['netns', 'del', place]);
    rmSync(folder, { recursive: true, force: true });
  });

  it('as an ordinary user lab mode finds who has an address before it gives it, and stops when another server appears', async () => {
    const lab = listeners('lab', standard);
    expect(await lab.says((told) => 'ports' in told)).toEqual({ ports: standard, uid: Number(nobody) });
    const [one, other] = [computer(1), computer(2)];
    const offered = await Promise.all([one, other].map((each) => each.says((told) => told['type'] === 2)));
    const addresses = offered.map((told) => String(told['yiaddr'])).toSorted((left, right) => left.localeCompare(right));
    const { leases } = (await lab.says((told) => 'leases' in told && JSON.stringify(told['leases']).includes('conflict'))) as { leases: { address: string; mac: string; state: string }[] };
    // An offer may be told with it.
    expect([addresses, leases.filter(({ state }) => state === 'conflict').map(({ address, mac }) => `${address} ${mac}`)]).toEqual([['10.77.9.129', '10.77.9.130'], [`10.77.9.128 ${hosts}`]]);
    // Half a second of looking, and this machine may be busy with other things.
    for (const { ms } of offered) expect(ms).toBeLessThan(1500);
    expect((await lab.says((told) => String(told['event']).includes('is taken')))['event']).toBe(`10.77.9.128 is taken: ${hosts} answers there. It gets another address.`);

    const rogue = foreign();
    await rogue.says((told) => 'ready' in told);
    computer(3);
    expect((await lab.says((told) => 'error' in told))['error']).toBe(`Another DHCP server answers on this network: 10.77.9.2 (${hosts}). Lab mode has stopped, so that no computer gets a wrong address. Use proxy mode here, or unplug that server.`);
    for (const each of [lab, one, other, rogue]) each.stop();
  }, 60_000);

  it('a lease is borrowed of a server that names a boot file of its own: address of that server, boot of ours', async () => {
    const rogue = foreign();
    await rogue.says((told) => 'ready' in told);
    const proxy = listeners('proxy', standard, { borrowLease: 'on' });
    await proxy.says((told) => 'ports' in told);
    // Takes the offer that has an address and our boot, as firmware does.
    const client = computer(5, `
      if (answer.options.get(53)[0] !== 2 || answer.yiaddr === '0.0.0.0' || text1(answer.options.get(60)) !== 'PXEClient') return;
      const options = new Map([...packet.options, [53, Uint8Array.of(3)], [54, answer.options.get(54)], [50, Uint8Array.from(answer.yiaddr.split('.').map(Number))]]);
      socket.send(encodeDhcp({ ...packet, options }), 67, '255.255.255.255');
    `);
    const { ms: _, ...acknowledged } = await client.says((told) => told['type'] === 5);
    expect(acknowledged).toEqual({ type: 5, yiaddr: '10.77.9.55', server: ours, file: 'snponly.efi', header: 'snponly.efi' });
    expect(rogue.told.filter((told) => told['type'] === 3)).toEqual([{ type: 3, chaddr: '525400990105' }]);
    expect(proxy.told.map((told) => told['event']).filter((text) => /orrow|in its name|Takes/.test(String(text)))).toEqual(['Borrows the address 10.77.9.55 of 10.77.9.2', 'Takes the address 10.77.9.55 from 10.77.9.1', 'Asks 10.77.9.2 for the address in its name', 'Borrowed the address 10.77.9.55 of 10.77.9.2']);
    for (const each of [proxy, rogue, client]) each.stop();
  }, 60_000);
});
