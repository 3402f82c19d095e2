// The import rules of .oxlintrc.json, each seen to fire: a rule that silently stopped matching would look like clean code.
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodePath } from './node.mjs';
import { root } from './sources.mjs';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platen-lint-'));
  await copyFile(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function lint(file: string, source: string): Promise<string> {
  const path = join(folder, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, source);
  const { stdout } = spawnSync(nodePath(), [join(root, 'node_modules/oxlint/bin/oxlint'), '--deny-warnings', file], { cwd: folder, encoding: 'utf8' });
  await rm(path);
  return stdout;
}

test.each([
  ['src-main/images/service.ts', "import { app } from 'electron';\napp.quit();\n", 'Only src-main/electron may import electron'],
  ['src-main/images/service.ts', "import { plan } from '../../src-agent/plan.ts';\nplan();\n", 'The server and the agent are two programs'],
  ['src-renderer/client.ts', "import fs from 'node:fs';\nfs.rmSync('x');\n", 'runs in a browser'],
  ['src-renderer/client.ts', "import { WebSocket } from 'ws';\nnew WebSocket('x');\n", 'runs in a browser'],
  ['src-renderer/client.ts', "import { router } from '../src-main/api/router.ts';\nrouter();\n", "the server's types only"],
  ['src-renderer/client.ts', 'process.exit();\n', 'There is no process in a browser'],
  ['src-shared/errors.ts', "import fs from 'node:fs';\nfs.rmSync('x');\n", 'src-shared is pure'],
  ['src-shared/errors.ts', "import { useState } from 'react';\nuseState();\n", 'nothing but zod'],
  ['src-agent/main.ts', "import { store } from '../src-main/store/store.ts';\nstore();\n", "without the server's code"],
  ['src-agent/main.ts', 'export default 1;\n', 'no-default-export'],
  ['src-agent/long.ts', Array.from({ length: 401 }, (_, line) => `export const a${line} = ${line};\n`).join(''), 'max-lines'],
])('a breach of the rules in %s is refused (case %#)', async (file, source, reason) => {
  expect(await lint(file, source)).toContain(reason);
});

test('what the rules allow passes: types of the server in the console, electron in the shell', async () => {
  expect(await lint('src-renderer/client.ts', "import type { Router } from '../src-main/api/router.ts';\nexport type Client = Router;\n")).toContain('0 errors');
  expect(await lint('src-main/electron/main.ts', "import { app } from 'electron';\napp.quit();\n")).toContain('0 errors');
});
