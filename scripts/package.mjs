// `npm run package`: the desktop app for this system, or for another one with --linux, --win or --mac. --dir: unpacked, no installer.
// --electron DIR: where Electron's unpacked runtime is (else the one among the packages). --output DIR (dist). --arch x64|arm64.
// Nothing is fetched for --dir; installers need electron-builder's own tools, which it fetches once. The boot environment goes in as
// `platen boot build` made it here; an installer without it is made only when told so (--without-boot-environment).
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { electronBinary } from './electron.mjs';
import { withLock } from './lock.mjs';
import { isProgram, root } from './sources.mjs';

/** @typedef {'linux' | 'win' | 'mac'} System */
/** @type {Record<System, { platform: NodeJS.Platform, hash: (arch: string) => string }>} */
const systems = {
  linux: { platform: 'linux', hash: (arch) => `linux-${arch}-gnu` },
  win: { platform: 'win32', hash: (arch) => `win32-${arch}-msvc` },
  mac: { platform: 'darwin', hash: (arch) => `darwin-${arch}` },
};

/**
 * Why this can't be packaged here, in words, or null. Electron's runtime is never fetched: what is missing is named.
 * @param {{ system: System, arch: string, electron: string | null }} wanted
 */
export function packagingProblem({ system, arch, electron }) {
  const module = join('node_modules', '@napi-rs', `blake-hash-${systems[system].hash(arch)}`);
  if (!existsSync(join(root, module))) return `${module} is not here: npm installs native modules for the system it runs on alone. Package for ${system} ${arch} on such a machine.`;
  if (electron === null) return `Electron's runtime for ${system} ${arch} is not here. "npm start" on a desktop fetches this system's; or name an unpacked one with --electron DIR.`;
  if (!existsSync(electron)) return `There is no folder ${electron}. --electron names the folder of Electron's unpacked runtime.`;
  return null;
}

/** @param {string[]} args */
async function main(args) {
  const { values } = parseArgs({ args, options: {
    linux: { type: 'boolean' }, win: { type: 'boolean' }, mac: { type: 'boolean' }, dir: { type: 'boolean' }, arch: { type: 'string' }, electron: { type: 'string' }, output: { type: 'string' }, 'without-boot-environment': { type: 'boolean' },
  } });
  const own = /** @type {System} */ (process.platform === 'win32' ? 'win' : process.platform === 'darwin' ? 'mac' : 'linux');
  const system = values.linux === true ? 'linux' : values.win === true ? 'win' : values.mac === true ? 'mac' : own;
  const arch = values.arch ?? process.arch;
  const electron = values.electron === undefined ? ownRuntime(system === own && arch === process.arch) : resolve(values.electron);
  const problem = packagingProblem({ system, arch, electron });
  if (problem !== null) throw new Error(problem);
  const lack = await setOutBootEnvironment(values['without-boot-environment'] !== true);
  if (lack !== null && values.dir !== true && values['without-boot-environment'] !== true) throw new Error(lack);
  if (lack !== null) process.stderr.write(`package: ${lack}\n`);
  await build();
  setOutIcons();
  const { Arch, build: pack, Platform } = await import('electron-builder');
  const platform = { linux: Platform.LINUX, win: Platform.WINDOWS, mac: Platform.MAC }[system];
  /** @type {import('electron-builder').Configuration} */
  const config = createRequire(import.meta.url)('../electron-builder.config.cjs');
  const architecture = arch === 'arm64' ? Arch.arm64 : Arch.x64;
  // Nobody bundles anew into out/ while it is being read.
  const made = await withLock(join(root, '.cache', 'build.lock'), 'package', () => pack({
    projectDir: root, publish: 'never', targets: platform.createTarget(values.dir === true ? 'dir' : null, architecture),
    config: { ...config, electronDist: electron, directories: { ...config.directories, ...(values.output === undefined ? {} : { output: resolve(values.output) }) } },
  }));
  process.stderr.write(made.length === 0 ? `package: unpacked app in ${values.output ?? 'dist'}\n` : `package: ${made.join(', ')}\n`);
}

/** @param {boolean} fits @returns {string | null} */
function ownRuntime(fits) {
  const binary = fits ? electronBinary() : null;
  return binary === null ? null : join(binary, '..');
}

/**
 * Lays out the boot environment that goes into the package, whole, whatever is being built meanwhile. Says why there is none.
 * @param {boolean} wanted @returns {Promise<string | null>}
 */
async function setOutBootEnvironment(wanted) {
  const folder = join(root, '.cache', 'package', 'boot-environment');
  const built = join(root, '.cache', 'boot', 'environment');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  if (!wanted) return null;
  if (!existsSync(join(built, 'boot.json'))) return 'The boot environment is not built here, and an installed Platen can\'t build it: without it computers can\'t start from the network. Build it first on a Debian system ("npm run platen -- boot build --level 19"), or package with --without-boot-environment.';
  await withLock(join(root, '.cache', 'boot-build.lock'), 'the boot environment', async () => cpSync(built, folder, { recursive: true, preserveTimestamps: true, filter: (path) => !path.endsWith('.part') }));
  return null;
}

/** Linux packages take icons by their size as a name. */
function setOutIcons() {
  const folder = join(root, '.cache', 'package', 'icons');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const size of [16, 32, 48, 128, 256, 512]) copyFileSync(join(root, 'resources', 'icons', `platen-${size}.png`), join(folder, `${size}x${size}.png`));
}

if (isProgram(import.meta.url)) {
  await main(process.argv.slice(2)).catch((error) => {
    process.stderr.write(`package: ${error instanceof Error ? error.message : String(error)}\n`);
    // At once: the packager's own hooks would set the exit code back to 0.
    process.exit(1);
  });
}
