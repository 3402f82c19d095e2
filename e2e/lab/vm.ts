// Owns a virtual computer: QEMU with real firmware in the lab's room, what its screen and its serial line show, keys typed into it, its
// cable. Always the slow processor: hardware help looks present on some machines and fails in firmware.
import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabHost, LabProcess } from './host.ts';
import { Monitor } from './qmp.ts';
import { readPicture, readText } from './screen.ts';

export type VmOptions = {
  name: string;
  /** bios: SeaBIOS, an e1000 whose ROM is iPXE, an AHCI disk. uefi: OVMF with its own PXE, a virtio adapter, an NVMe disk. */
  firmware: 'bios' | 'uefi';
  /** Microsoft's keys enrolled and enforced. */
  secureBoot?: boolean;
  /** UEFI without PXE: only HTTP boot is left. */
  httpBoot?: boolean;
  /** Which socket of the switch; 4 and 5 are of the one beyond the router. */
  port: 0 | 1 | 2 | 3 | 4 | 5;
  /** Its cable goes through the test (wire.ts): the path of a socket. */
  wire?: string;
  mac: string; uuid: string; serial: string;
  /** A raw image; null: no disk at all. */
  disk: string | null;
  first?: 'network' | 'disk';
  /** A boot medium, started before everything else: a USB disk that can be pulled out, or a disc. */
  medium?: { path: string; as: 'usb' | 'cd' };
  memoryMiB?: number;
  /** Without a serial port at all. */
  noSerial?: true;
  /** A second adapter, of this model, with nothing on its cable. */
  secondAdapter?: string;
};

const OVMF = '/usr/share/OVMF';
const POLL_MS = 500;

export class Vm {
  #line: Socket | null = null;
  readonly options: VmOptions;
  readonly #process: LabProcess;
  readonly #monitor: Monitor;
  readonly #serialFile: string;
  readonly #shot: string;

  private constructor(options: VmOptions, host: LabHost, process: LabProcess, monitor: Monitor) {
    this.options = options;
    this.#process = process;
    this.#monitor = monitor;
    this.#serialFile = host.path(`${options.name}.serial`);
    this.#shot = host.path(`${options.name}.shot`);
  }

  /** Switched on. What the firmware keeps (boot order, keys) is kept between two starts of the same name. */
  static async start(host: LabHost, options: VmOptions): Promise<Vm> {
    const files = { serial: host.path(`${options.name}.serial`), qmp: host.path(`${options.name}.qmp`), vars: host.path(`${options.name}.vars`) };
    for (const file of [files.serial, files.qmp, lineOf(files.serial)]) rmSync(file, { force: true });
    if (options.firmware === 'uefi' && !existsSync(files.vars)) copyFileSync(`${OVMF}/${options.secureBoot === true ? 'OVMF_VARS_4M.ms.fd' : 'OVMF_VARS_4M.fd'}`, files.vars);
    // A processor that is not let run for a tenth of a second fails the kernel's test of its timer, and the boot with it.
    const process = host.start('room', 'nice', ['-n', '-10', 'qemu-system-x86_64', ...machine(options, files), ...(options.firmware === 'uefi' ? uefi(options, files.vars) : []), ...devices(options)]);
    const monitor = await Promise.race([Monitor.open(files.qmp), process.ended.then(() => null)]);
    if (monitor === null) throw new Error(`QEMU ended at once: ${process.said()}`);
    return new Vm(options, host, process, monitor);
  }

  serial(): string {
    return existsSync(this.#serialFile) ? readFileSync(this.#serialFile, 'latin1') : '';
  }

  /** What is on the screen, as text. */
  async text(): Promise<string> {
    await this.#monitor.ask('screendump', { filename: this.#shot });
    return readText(readPicture(readFileSync(this.#shot)));
  }
  async png(): Promise<Buffer> {
    await this.#monitor.ask('screendump', { filename: this.#shot, format: 'png' });
    return readFileSync(this.#shot);
  }

  /** Waits until the screen shows all of these; throws with what it showed instead. */
  async shows(texts: readonly string[], limitMs: number): Promise<string> {
    const until = performance.now() + limitMs;
    let shown = '';
    while (performance.now() < until) {
      shown = await this.text();
      if (texts.every((text) => shown.includes(text))) return shown;
      await sleep(POLL_MS);
    }
    throw new Error(`${this.options.name} did not show ${texts.map((text) => `“${text}”`).join(' and ')} within ${limitMs / 1000} s, but:\n${shown}\nand on its serial line:\n${this.serial().slice(-1500)}`);
  }
  /** Waits for words on the serial line, `times` times. */
  async says(text: string, limitMs: number, times = 1): Promise<void> {
    const until = performance.now() + limitMs;
    while (performance.now() < until) {
      if (this.serial().split(text).length > times) return;
      await sleep(POLL_MS);
    }
    throw new Error(`${this.options.name} did not say “${text}” on its serial line within ${limitMs / 1000} s, but:\n${this.serial().slice(-2000)}\nand its screen:\n${await this.text().catch(() => 'it has ended')}`);
  }

  /** Keys by QEMU's names: "ret", "down", "a". */
  async press(...keys: string[]): Promise<void> {
    for (const key of keys) {
      await this.#monitor.ask('send-key', { keys: key.split('+').map((data) => ({ type: 'qcode', data })), 'hold-time': 60 });
      // Key down and key up travel to a slow machine one after the other.
      await sleep(150);
    }
  }
  /** Small letters, digits and hyphens. */
  async type(text: string): Promise<void> {
    await this.press(...[...text].map((char) => (char === '-' ? 'minus' : char)));
  }

  /** What somebody at the other end of its serial line types. */
  async typeOnLine(text: string): Promise<void> {
    this.#line ??= await new Promise<Socket>((resolve, reject) => {
      const line = connect(lineOf(this.#serialFile), () => resolve(line)).once('error', reject);
      // What it says is in the file as well.
      line.resume();
    });
    for (const char of text) {
      this.#line.write(char);
      await sleep(150);
    }
  }

  /** The cable of its adapter: out, or in again. */
  async cable(plugged: boolean): Promise<void> {
    await this.#monitor.ask('set_link', { name: 'n0', up: plugged });
  }
  /** The button that starts it over. */
  async reset(): Promise<void> {
    await this.#monitor.ask('system_reset');
  }
  /** Waits until it has switched itself off. */
  async off(limitMs: number): Promise<void> {
    const ended = await Promise.race([this.#process.ended.then(() => true), sleep(limitMs, false, { ref: false })]);
    if (!ended) throw new Error(`${this.options.name} did not switch itself off within ${limitMs / 1000} s; its screen:\n${await this.text()}`);
    this.#monitor.close();
  }
  /** The plug is pulled. */
  async kill(): Promise<void> {
    this.#monitor.close();
    this.#line?.destroy();
    await this.#process.stop();
  }
}

/** Of a serial line whose words are kept in a file. */
function lineOf(serialFile: string): string {
  return `${serialFile}.line`;
}

function machine({ name, secureBoot, uuid, serial, memoryMiB, noSerial }: VmOptions, files: { serial: string; qmp: string }): string[] {
  return [
    '-name', name, '-machine', `q35${secureBoot === true ? ',smm=on' : ''}`, '-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', secureBoot === true ? '1' : '2', '-m', String(memoryMiB ?? 1024), '-display', 'none', '-vga', 'std', '-rtc', 'base=utc',
    ...(noSerial === true ? ['-serial', 'none'] : ['-chardev', `socket,id=line,path=${lineOf(files.serial)},server=on,wait=off,logfile=${files.serial}`, '-serial', 'chardev:line']), '-qmp', `unix:${files.qmp},server=on,wait=off`, '-smbios', `type=1,manufacturer=Lab,product=Virtual computer,serial=${serial},uuid=${uuid}`,
  ];
}

function uefi({ secureBoot, httpBoot }: VmOptions, vars: string): string[] {
  const code = `${OVMF}/${secureBoot === true ? 'OVMF_CODE_4M.secboot.fd' : 'OVMF_CODE_4M.fd'}`;
  const without = ['IPv6PXESupport', 'IPv6Support', ...(httpBoot === true ? ['IPv4PXESupport'] : [])];
  return [
    '-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${code}`, '-drive', `if=pflash,format=raw,unit=1,file=${vars}`,
    ...(secureBoot === true ? ['-global', 'driver=cfi.pflash01,property=secure,value=on', '-global', 'ICH9-LPC.disable_s3=1'] : []),
    // Nothing in the lab speaks IPv6, and waiting for it costs minutes.
    ...without.flatMap((option) => ['-fw_cfg', `name=opt/org.tianocore/${option},string=n`]),
  ];
}

function devices({ firmware, port, wire, mac, disk, name, medium, secondAdapter, first = 'network' }: VmOptions): string[] {
  const [network, own] = first === 'network' ? [1, 2] : [2, 1];
  const adapter = firmware === 'uefi' ? `virtio-net-pci,netdev=n0,mac=${mac},bootindex=${network},romfile=` : `e1000,netdev=n0,mac=${mac},bootindex=${network}`;
  const drive = firmware === 'uefi' ? 'nvme' : 'ide-hd,bus=ide.0';
  return [
    '-netdev', wire === undefined ? `tap,id=n0,ifname=tap${port},script=no,downscript=no` : `stream,id=n0,server=off,addr.type=unix,addr.path=${wire}`, '-device', adapter,
    ...(disk === null ? [] : ['-drive', `file=${disk},format=raw,if=none,id=d0,cache=unsafe`, '-device', `${drive},drive=d0,serial=DISK-${name},bootindex=${own}`]),
    ...(secondAdapter === undefined ? [] : ['-netdev', 'hubport,id=n1,hubid=1', '-device', `${secondAdapter},netdev=n1,romfile=`]),
    ...(medium === undefined ? [] : mediumDevice(medium)),
  ];
}

function mediumDevice({ path, as }: { path: string; as: 'usb' | 'cd' }): string[] {
  if (as === 'cd') return ['-drive', `file=${path},format=raw,if=none,id=m0,media=cdrom,readonly=on`, '-device', 'ide-cd,bus=ide.2,drive=m0,bootindex=0'];
  return ['-device', 'qemu-xhci', '-drive', `file=${path},format=raw,if=none,id=m0,cache=unsafe`, '-device', 'usb-storage,drive=m0,removable=on,serial=STICK1,bootindex=0'];
}
