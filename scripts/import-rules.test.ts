import { describe, expect, test } from 'vitest';
import { cyclesOf, importsOf, resolveImport, violationsOf } from './import-rules.mjs';

const check = (files: Record<string, string>): string[] => violationsOf(new Map(Object.entries(files))).map(({ file, line, message }) => `${file}:${line} ${message}`);

test('every form of import is found with its line and whether it is of types only', () => {
  const source = `// import nothing from './comment.ts' is prose
import a from './a.ts';
import type { B } from './b.ts';
import {
  type C,
  type D,
} from './c.ts';
import './e.ts';
export { f } from './f.ts';
const g = await import('./g.ts');
import { h, type I } from './h.ts';
`;
  expect(importsOf(source)).toEqual([
    { specifier: './a.ts', typeOnly: false, line: 2 },
    { specifier: './b.ts', typeOnly: true, line: 3 },
    { specifier: './c.ts', typeOnly: true, line: 4 },
    { specifier: './e.ts', typeOnly: false, line: 8 },
    { specifier: './f.ts', typeOnly: false, line: 9 },
    { specifier: './g.ts', typeOnly: false, line: 10 },
    { specifier: './h.ts', typeOnly: false, line: 11 },
  ]);
});

test('an import is resolved to a project file, a package to nothing', () => {
  expect([resolveImport('src-main/images/service.ts', '../store/store.ts'), resolveImport('src-agent/main.ts', '#shared/errors.ts'), resolveImport('src-agent/main.ts', 'node:fs')])
    .toEqual(['src-main/store/store.ts', 'src-shared/errors.ts', null]);
});

describe('layers', () => {
  test('what the design allows passes', () => {
    expect(check({
      'src-main/server.ts': "import { Store } from './store/store.ts';\nimport { imageService } from './images/service.ts';\nimport { imageRepo } from './images/repo.ts';",
      'src-main/headless.ts': "import { startServer } from './server.ts';\nimport { run } from './cli/run.ts';",
      'src-main/electron/main.ts': "import { app } from 'electron';\nimport { startServer } from '../server.ts';",
      'src-main/images/service.ts': "import type { Store } from '../store/types.ts';\nimport { runService } from '../runs/service.ts';\nimport { record } from '../events/events.ts';",
      'src-main/images/router.ts': "import { procedure } from '../api/procedure.ts';",
      'src-main/api/router.ts': "import { imageRouter } from '../images/router.ts';",
      'src-main/store/store.ts': "import { hash } from './hash.ts';\nimport { AppError } from '#shared/errors.ts';",
      'src-renderer/client.ts': "import type { Router } from '../src-main/api/router.ts';",
      'src-agent/capture.integration.test.ts': "import { startServer } from '../src-main/server.ts';",
      'src-shared/model/image.ts': "import { z } from 'zod';",
    })).toEqual([]);
  });

  test.each([
    ['src-main/store/store.ts', "import { x } from '../images/service.ts';", 'store is mechanism'],
    ['src-main/db/open.ts', "import { x } from '../store/store.ts';", 'db is mechanism'],
    ['src-main/images/service.ts', "import { x } from '../runs/repo.ts';", 'only through its service.ts'],
    ['src-main/images/service.ts', "import { x } from '../server.ts';", 'composition root'],
    ['src-main/images/service.ts', "import { x } from '../api/procedure.ts';", 'only a router.ts'],
    ['src-main/images/service.ts', "import { app } from 'electron';", 'must run headless'],
    ['src-main/images/service.ts', "import { x } from '../../src-agent/plan.ts';", 'belongs in src-shared'],
    ['src-renderer/client.ts', "import { router } from '../src-main/api/router.ts';", 'types only'],
    ['src-renderer/client.ts', "import fs from 'node:fs';", 'runs in a browser'],
    ['src-shared/errors.ts', "import { x } from '../src-main/server.ts';", 'imports nobody'],
    ['src-shared/errors.ts', "import { readFile } from 'node:fs';", 'pure'],
    ['src-agent/main.ts', "import { x } from '../src-main/store/store.ts';", 'belongs in src-shared'],
    ['src-main/store/index.ts', "export { x } from './store.ts';\nexport * from './hash.ts';", 'barrel'],
  ])('%s with %s is refused', (file, source, reason) => {
    expect(check({ [file]: source })).toEqual([expect.stringContaining(reason)]);
  });

  test('a file that composes features is part of the composition root, which no feature may import', () => {
    expect(check({
      'src-main/upkeep.ts': "import { sweep } from './images/service.ts';",
      'src-main/platform.ts': "import { readdir } from 'node:fs/promises';",
      'src-main/server.ts': "import { startUpkeep } from './upkeep.ts';",
      'src-main/runs/service.ts': "import { startUpkeep } from '../upkeep.ts';\nimport { defaultDataFolder } from '../platform.ts';",
    })).toEqual([expect.stringMatching(/^src-main\/runs\/service.ts:1 .*composition root/)]);
  });

  test('features that depend on each other in a circle are named', () => {
    expect(check({
      'src-main/images/service.ts': "import type { A } from '../runs/service.ts';",
      'src-main/runs/service.ts': "import type { B } from '../images/service.ts';",
    })).toEqual(['src-main/images:1 features depend on each other in a circle: images → runs → images']);
  });
});

test('a circle is found once, whatever leads into it', () => {
  expect(cyclesOf(new Map([['a', new Set(['b'])], ['b', new Set(['c'])], ['c', new Set(['b'])]]))).toEqual([['b', 'c', 'b']]);
});
