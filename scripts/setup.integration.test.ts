// Setup, freshness of the build and the lock between processes, on a small project of its own: the scripts take the folder above
// them as the project.
import { spawn, spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodePath } from './node.mjs';
import { root } from './sources.mjs';

const lock = (version: string) => JSON.stringify({ name: 'small', version, lockfileVersion: 3, requires: true, packages: { '': { name: 'small', version } } });
let project: string;

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'platen-setup-'));
  await cp(join(root, 'scripts'), join(project, 'scripts'), { recursive: true, filter: (path) => !path.endsWith('.test.ts') });
  await mkdir(join(project, 'resources'));
  await writeFile(join(project, 'resources/debian-packages.txt'), '# none\n');
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'small', version: '1.0.0', private: true }));
  await writeFile(join(project, 'package-lock.json'), lock('1.0.0'));
});
afterEach(() => rm(project, { recursive: true, force: true }));

const setup = (...args: string[]) => spawnSync(nodePath(), [join(project, 'scripts/setup.mjs'), ...args], { encoding: 'utf8' });
const evaluate = (code: string) => spawnSync(nodePath(), ['--input-type=module', '-e', code], { cwd: project, encoding: 'utf8' });

test('packages are installed once, again only when the lock changed, and nothing is said on stdout', async () => {
  const first = setup();
  expect([first.status, first.stdout]).toEqual([0, '']);
  expect(first.stderr).toContain('npm ci');
  expect(setup()).toMatchObject({ status: 0, stdout: '', stderr: '' });
  const now = new Date();
  await utimes(join(project, 'package-lock.json'), now, now);
  expect(setup().stderr).toBe('');
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'small', version: '1.0.1', private: true }));
  await writeFile(join(project, 'package-lock.json'), lock('1.0.1'));
  expect(setup().stderr).toContain('npm ci');
});

test('a package that is missing is named with the command that installs it, and the exit code says so', async () => {
  await writeFile(join(project, 'resources/debian-packages.txt'), 'imaginary | run | imaginary-command | shows what happens\nfor-tests | test | other-command | not asked for\n');
  const { status, stderr } = setup('--no-system');
  expect(status).toBe(1);
  expect(stderr).toContain('sudo apt-get install --no-install-recommends -y imaginary\n');
  expect(setup('--no-system', '--test').stderr).toContain('imaginary for-tests\n');
});

test('an unknown option is wrong usage', () => {
  expect(setup('--fast').status).toBe(2);
});

test('a build is fresh until a source changes in content; its times alone, and tests, do not count', async () => {
  const { products } = await import('./sources.mjs');
  for (const file of products) {
    await mkdir(join(project, file, '..'), { recursive: true });
    await writeFile(join(project, file), '');
  }
  await mkdir(join(project, 'src-shared'));
  const source = join(project, 'src-shared/a.ts');
  await writeFile(source, 'export const a = 1;\n');
  const sources = "import { isBuildFresh, sourceKeys, writeBuildStamp } from './scripts/sources.mjs';";
  const isFresh = () => evaluate(`${sources}\nconsole.log(isBuildFresh());`).stdout.trim();
  expect(isFresh()).toBe('false');
  evaluate(`${sources}\nwriteBuildStamp(sourceKeys());`);
  expect(isFresh()).toBe('true');
  await utimes(source, new Date(), new Date());
  await writeFile(join(project, 'src-shared/a.test.ts'), '');
  expect(isFresh()).toBe('true');
  await writeFile(source, 'export const a = 2;\n');
  expect(isFresh()).toBe('false');
});

test('two processes never do the same work at once, and a killed one does not block the next', async () => {
  const work = (name: string) => `
    import { appendFileSync } from 'node:fs';
    import { setTimeout as wait } from 'node:timers/promises';
    import { withLock } from './scripts/lock.mjs';
    await withLock('work.lock', 'work', async () => {
      appendFileSync('trace', '${name} in\\n');
      await wait(50);
      appendFileSync('trace', '${name} out\\n');
    });`;
  await mkdir(join(project, 'work.lock'));
  const ended = spawnSync(nodePath(), ['-e', '0']);
  await writeFile(join(project, 'work.lock/pid'), String(ended.pid));
  await Promise.all(['a', 'b', 'c'].map((name) => new Promise((resolve) => {
    spawn(nodePath(), ['--input-type=module', '-e', work(name)], { cwd: project, stdio: 'ignore' }).on('close', resolve);
  })));
  const lines = (await readFile(join(project, 'trace'), 'utf8')).trim().split('\n');
  expect(lines.filter((_, index) => index % 2 === 1)).toEqual(lines.filter((_, index) => index % 2 === 0).map((line) => line.replace('in', 'out')));
  expect(lines).toHaveLength(6);
});

test('installing packages is tried again when a mirror fails for a moment, and gives up with its words', async () => {
  const fake = join(project, 'fake');
  await mkdir(fake);
  await writeFile(join(fake, 'apt-get'), '#!/bin/sh\necho "$DEBIAN_FRONTEND $*" >> "$TRACE"\ncase "$*" in *update*) exit 0;; esac\n[ "$(wc -l < "$TRACE")" -ge "$FAILURES" ] || { echo "mirror is away"; exit 100; }\n');
  await writeFile(join(fake, 'sudo'), '#!/bin/sh\n[ "$1" = -V ] || exec "$@"\n');
  await Promise.all(['apt-get', 'sudo'].map((name) => chmod(join(fake, name), 0o755)));
  const trace = join(project, 'apt-trace');
  const install = (failures: number) => spawnSync(nodePath(), ['--input-type=module', '-e', `
    import { installPackages } from './scripts/debian.mjs';
    await installPackages([{ name: 'imaginary', purpose: 'run', command: 'imaginary', why: 'x' }], 1);`],
  { cwd: project, encoding: 'utf8', env: { ...process.env, PATH: `${fake}:${process.env['PATH'] ?? ''}`, TRACE: trace, FAILURES: String(failures) } });
  expect(install(4).status).toBe(0);
  const lines = (await readFile(trace, 'utf8')).trim().split('\n');
  expect(lines.map((line) => / (update|install .*)$/.exec(line)?.[1])).toEqual(['update', ...Array<string>(3).fill('install -y --no-install-recommends imaginary')]);
  expect(lines.every((line) => line.startsWith('noninteractive '))).toBe(true);
  await rm(trace);
  expect(install(99)).toMatchObject({ status: 1, stderr: expect.stringContaining('apt-get install failed 3 times (exit 100):\nmirror is away') as string });
});
