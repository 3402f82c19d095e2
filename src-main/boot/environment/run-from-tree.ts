// Owns running a program of the unpacked packages with their libraries, so that a build is the same whatever the machine has installed.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

export function runFromTree(tree: string, path: string, args: readonly string[], argv0?: string): Buffer {
  const libraries = ['lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu'].map((each) => join(tree, each)).join(':');
  const loader = join(tree, 'lib/x86_64-linux-gnu/ld-linux-x86-64.so.2');
  return execFileSync(loader, ['--library-path', libraries, ...(argv0 === undefined ? [] : ['--argv0', argv0]), join(tree, path), ...args], { stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: MAX_OUTPUT_BYTES });
}
