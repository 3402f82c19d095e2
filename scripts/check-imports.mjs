// Runs the import rules (import-rules.mjs) over the tree; part of `npm run lint`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { violationsOf } from './import-rules.mjs';
import { root, walk } from './sources.mjs';

const folders = ['src-shared', 'src-main', 'src-renderer', 'src-agent', 'e2e', 'bench', 'scripts'];
/** @type {Map<string, string>} */
const files = new Map();
for (const folder of folders) {
  for (const file of walk(folder)) {
    if (/\.(ts|tsx|mjs)$/.test(file)) files.set(file, readFileSync(join(root, file), 'utf8'));
  }
}
const violations = violationsOf(files);
for (const { file, line, message } of violations) console.error(`${file}:${line}: ${message}`);
if (violations.length > 0) {
  console.error(`${violations.length} import rule violations.`);
  process.exitCode = 1;
}
