// Owns the boot listeners as one whole: DHCP, TFTP and HTTP on one adapter, answering from the snapshot of the moment. Runs in a worker
// (worker.ts), so that no commit and no hash delays an answer; opens nothing outside the files it was given.
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { AppError } from '#shared/errors.ts';
import type { BootClient } from '../net/dhcp/client.ts';
import { answerFile, filePath, type NamedFile } from '../net/http/ranged-files.ts';
import { FileMemory } from '../net/http/ranged-files-source.ts';
import { serveTftp } from '../net/tftp/server.ts';
import type { AnswerSnapshot } from './answer.ts';
import { openDhcpSide, type Seen, type Tell } from './dhcp-side.ts';
import type { Lease } from './leases.ts';
import { firstGrubFile, grubFile } from './grub.ts';
import { knownComputer } from './known-computer.ts';
import { LoaderTries, needsOtherDriver, type LoaderNeed } from './loader-tries.ts';
import { decideBoot } from './policy.ts';
import { bootScript, firstScript } from './script.ts';
import type { BootComputer, BootConfig, BootEvent, BootSnapshot } from './snapshot.ts';

export type Listeners = { ports: BootConfig['ports']; update(snapshot: BootSnapshot): void; close(): Promise<void> };
export type ListenerParts = {
  config: BootConfig; snapshot: BootSnapshot; clock: () => number;
  onEvent: (event: BootEvent) => void;
  /** Lab mode: a lease was made, extended or ended; to be kept. */
  onLeases: (leases: readonly Lease[]) => void;
  onError: (error: Error) => void;
  /** Something is not as it should be, and serving goes on: for the log. */
  onWarning: (text: string) => void;
};

/** Firmware sent to its disk tries its next network entry within this time: it is not answered again. */
const HOLD_HTTP_BOOT_MS = 120_000;
/** A client that takes nothing of what is sent to it for this long has gone: a cable was pulled, or it was switched off. */
const STALLED_MS = 30_000;
const KEEP_ALIVE_MS = 15_000;
const PROGRESS_MS = 10_000;
/** Kernel and base archive while a room boots; a minute after the last request the memory is free again. */
const memoryLimits = { maxBytes: 128 * 1024 * 1024, idleMs: 60_000 };

export async function openListeners(parts: ListenerParts): Promise<Listeners> {
  const { config, clock, onEvent, onError } = parts;
  let snapshot = parts.snapshot;
  const loaders = new Map(Object.entries(config.loaders).map(([name, path]) => [name, readFileSync(path)]));
  const sentToDisk = new Map<string, number>();
  const seen: Seen = { tries: new LoaderTries(clock), macOf: new Map() };
  const { tries, macOf } = seen;
  const memory = new FileMemory(memoryLimits);
  const opened: { close(): Promise<void> }[] = [];
  const closeAll = async (): Promise<void> => {
    for (const each of opened.splice(0).reverse()) await each.close();
    memory.close();
  };
  const tell: Tell = (event) => onEvent({ at: clock(), problem: false, facts: {}, ...event });

  const computerOf = (mac: string, uuid: string | null): BootComputer | null => knownComputer(snapshot, { mac, uuid });
  const answers = (): AnswerSnapshot => ({
    mode: config.mode, address: config.address, httpPort: ports.http, loaders: config.loaderNames,
    loaderFor,
    holdHttpBoot: (mac) => clock() - (sentToDisk.get(mac) ?? -Infinity) < HOLD_HTTP_BOOT_MS,
  });
  const ports = { ...config.ports };

  /** The settings, what the computer's last boots told, loaders that fell silent a moment ago. */
  function loaderFor(client: BootClient): LoaderNeed {
    const { loader = 'automatic', otherDriver = '' } = snapshot.settings;
    const computer = computerOf(client.mac, client.uuid);
    return tries.next(client.mac, { firmware: client.architecture?.firmware === 'bios' ? 'bios' : 'uefi', setting: loader, secureBoot: computer?.secureBoot === true, otherDriver: needsOtherDriver(otherDriver, { mac: client.mac, model: computer?.model ?? '' }) });
  }
  const needOf = new Map<string, LoaderNeed>([[config.loaderNames.bios, 'plain'], [config.loaderNames.uefi, 'plain'], [config.loaderNames.biosOther, 'other-driver'], [config.loaderNames.uefiOther, 'other-driver'], [config.loaderNames.secureBoot, 'secure-boot']]);

  function find(path: string, address: string): Uint8Array | null {
    const name = path.replace(/^\/*(boot\/)?/, '');
    if (name === 'grub/grub.cfg') return Buffer.from(firstGrubFile(base()));
    const file = loaders.get(name);
    const mac = macOf.get(address) ?? '';
    if (file === undefined) return null;
    const need = needOf.get(name);
    if (mac !== '' && need !== undefined) tries.fetched(mac, need);
    return file;
  }

  async function request(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const address = (incoming.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    const path = filePath(incoming.url ?? '/');
    const query = new URLSearchParams((incoming.url ?? '').split('?', 2)[1] ?? '');
    if (path === '/boot/ipxe') return void (await answerFile(incoming, response, script(firstScript(base()))));
    if (path === '/boot/told') return void (await answerFile(incoming, response, script(toldBy(query, address))));
    if (path === '/boot/script' || path === '/boot/grub/script') return void (await answerFile(incoming, response, script(scriptFor(query, { address, grub: path !== '/boot/script' }))));
    // For a kernel that a signed loader starts: no loader of its own.
    if (path === '/boot/shim') return void (await answerFile(incoming, response, { bytes: loaders.get('shimx64.efi') ?? Buffer.alloc(0), tag: 'shim' }));
    const name = (path ?? '').replace(/^\/(boot\/)?/, '');
    const mac = macOf.get(address) ?? '';
    const image = config.images[name];
    const loader = find(name, address);
    const found: NamedFile | null = image !== undefined ? image : name === 'small.cpio' ? { bytes: snapshot.small, tag: `small-${snapshot.small.length}` } : loader === null ? null : { bytes: loader, tag: `${name}-${loader.length}` };
    const done = image === undefined || incoming.method !== 'GET' ? null : tellProgress(name, image.sizeBytes, { mac, address, socket: incoming.socket });
    const { sentBytes, complete } = await answerFile(incoming, response, found, memory).finally(() => done?.());
    if (incoming.method !== 'GET') return;
    if (found === null) return tellMissing(path ?? incoming.url ?? '', address);
    const stage = image === undefined && name !== 'small.cpio' ? 'loader' : 'kernel';
    const text = complete ? `Fetched ${name} over HTTP` : image !== undefined && !existsSync(image.path) ? `${name} is missing on the server: build the boot environment again` : `Broke off fetching ${name} over HTTP`;
    tell({ mac, address, stage, text, problem: !complete, facts: { sentBytes } });
  }

  /** A slow line is no boot that stopped: while bytes go, the trace says so. Returns what ends it. */
  function tellProgress(name: string, sizeBytes: number, { mac, address, socket }: { mac: string; address: string; socket: Socket }): () => void {
    const before = socket.bytesWritten;
    let last = before;
    const timer = setInterval(() => {
      if (socket.bytesWritten === last) return;
      last = socket.bytesWritten;
      tell({ mac, address, stage: 'kernel', text: `Fetching ${name} over HTTP: ${Math.min(99, Math.floor(((last - before) / sizeBytes) * 100))} %` });
    }, PROGRESS_MS);
    return () => clearInterval(timer);
  }

  function scriptFor(query: URLSearchParams, { address, grub }: { address: string; grub: boolean }): string {
    const mac = macIn(query);
    const uuid = query.get('uuid');
    macOf.set(address, mac);
    const proved = tries.spoke(mac);
    const computer = computerOf(mac, uuid);
    const decision = decideBoot({ computer, armedRun: computer?.armedRun === undefined || computer.armedRun === null ? null : { title: computer.armedRun }, forcePortal: query.get('portal') === '1' }, snapshot.settings);
    if (decision.kind === 'local-disk' || decision.kind === 'countdown') sentToDisk.set(mac, clock());
    tell({ mac, address, stage: 'script', text: `Told: ${decisionWords[decision.kind]}, because ${decision.reason}`, facts: { uuid } });
    if (proved !== null) tell({ mac, address, stage: 'note', text: proved });
    const facts = { base: base(), kernelWords: [...snapshot.kernelWords, `BOOTIF=01-${mac.replaceAll(':', '-')}`] };
    return grub ? grubFile(decision, { ...facts, mac }) : bootScript(decision, { ...facts, firmware: query.get('platform') === 'pcbios' ? 'bios' : 'uefi' });
  }
  /** Loaders look for much that nobody has; a file that a boot needs is another matter, and looks the same from here. */
  function tellMissing(path: string, address: string): void {
    if (!/\.lst$|revocations|certificate|autoexec\.ipxe/.test(path)) tell({ mac: macOf.get(address) ?? '', address, stage: 'note', text: `Asked for ${path.slice(0, 200)}, which is not there` });
  }
  /** What the loader says it does; the answer is nothing it needs. */
  function toldBy(query: URLSearchParams, address: string): string {
    const mac = macIn(query);
    if (query.get('what') === 'no-disk') tell({ mac, address, stage: 'script', problem: true, text: 'Its disk did not start: there is no system on it that this firmware can start, or the disk is not seen. Image this computer, or look at its boot order and disk.', facts: { ends: 'stopped' } });
    else tell({ mac, address, stage: 'script', text: 'It starts its disk', facts: { ends: 'done' } });
    // A comment to GRUB, nothing to iPXE.
    return '# noted\n';
  }
  const base = (): string => `http://${config.address}:${ports.http}`;

  try {
    const http = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, maxHeaderSize: 8192, requestTimeout: 30_000 }, (incoming, response) => {
      response.on('error', () => response.destroy());
      request(incoming, response).catch((error: unknown) => {
        onEvent({ at: clock(), mac: '', address: '', stage: 'note', text: `A request failed: ${error instanceof Error ? error.message : String(error)}`, problem: true, facts: {} });
        response.destroy();
      });
    });
    http.setTimeout(STALLED_MS);
    // GRUB counts its ports from the same number after every start and is gone before it has acknowledged the end of a connection: one that
    // lingered here would swallow the computer's next try. Who closes has read everything, so it is dropped at once.
    http.on('connection', (socket: Socket) => socket.prependOnceListener('end', () => socket.resetAndDestroy()));
    await new Promise<void>((resolve, reject) => {
      http.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'EADDRINUSE' ? new AppError('port-in-use', `TCP port ${config.ports.http} of ${config.address} is taken by another program.`, { port: config.ports.http }, error) : error));
      http.listen(config.ports.http, config.address, resolve);
    });
    opened.push({ close: () => new Promise((resolve) => {
      http.close(() => resolve());
      http.closeAllConnections();
    }) });
    ports.http = (http.address() as AddressInfo).port;
    const tftp = await serveTftp({
      address: config.address, port: config.ports.tftp, find: (path, client) => find(path, client.address), onError,
      onEvent: (event) => {
        const mac = macOf.get(event.client.address) ?? '';
        if (event.kind === 'done') tell({ mac, address: event.client.address, stage: 'loader', text: `Fetched ${event.path} over TFTP in ${Math.round(event.tookMs)} ms`, facts: { sentBytes: event.sizeBytes, loader: event.path } });
        else if (event.kind === 'refused') tellMissing(event.path, event.client.address);
        else if (event.kind === 'timed-out' || event.kind === 'failed') tell({ mac, address: event.client.address, stage: 'loader', text: `Fetching ${event.path} over TFTP stopped: ${event.reason}`, problem: true });
      },
    });
    opened.push(tftp);
    ports.tftp = tftp.port;
    const dhcp = await openDhcpSide({ config, clock, tell, seen, answers, computerOf, borrows: () => snapshot.settings.borrowLease === 'on', onLeases: parts.onLeases, onError, onWarning: parts.onWarning });
    opened.push(dhcp);
    ports.dhcp = dhcp.dhcpPort;
    ports.pxe = dhcp.pxePort;
  } catch (error) {
    await closeAll();
    throw error;
  }
  return {
    ports,
    update: (next) => {
      snapshot = next;
    },
    close: closeAll,
  };
}

function macIn(query: URLSearchParams): string {
  return (query.get('mac') ?? '').toLowerCase().replaceAll('-', ':').slice(0, 17);
}
const decisionWords = { environment: 'load the boot environment', countdown: 'wait for i, then start the disk', 'local-disk': 'start the disk', ignore: 'start the disk' } as const;
function script(text: string): NamedFile {
  return { bytes: Buffer.from(text), tag: 'script', type: 'text/plain' };
}
