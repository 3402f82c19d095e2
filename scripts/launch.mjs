// What bin/platen does: makes sure the checkout is set up and built (on stderr, when there is anything to do), then becomes the
// command. On Node 24 that happens in this process; an older Node starts a newer one and stays in between.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './build.mjs';
import { nodePath, runningNode, superviseChild, wantedNode, withSystemFolders } from './node.mjs';
import { areModulesFresh, setUpModules, setUpSystem } from './setup.mjs';
import { root } from './sources.mjs';

/** @param {string[]} args */
export async function launch(args) {
  // `npm run platen` changes into the project first; relative paths mean the folder the person is in.
  const started = process.env['npm_lifecycle_event'] === 'platen' ? process.env['INIT_CWD'] : undefined;
  if (!areModulesFresh()) {
    await setUpModules();
    await setUpSystem('run', 'auto').catch((error) => process.stderr.write(`setup: ${error.message}\n`));
  }
  await build();
  if (started !== undefined) process.chdir(started);
  process.env['PATH'] = withSystemFolders(process.env['PATH']);
  const [target, rest] = isForAgent(args) ? [join(root, 'out', 'agent', 'agent.cjs'), args[0] === 'agent' ? args.slice(1) : args] : [join(root, 'out', 'main', 'headless.js'), args];
  if (runningNode >= wantedNode) {
    process.argv = [process.execPath, target, ...rest];
    await import(pathToFileURL(target).href);
    return;
  }
  process.exitCode = await superviseChild(spawn(nodePath(), [target, ...rest], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] }));
}

/**
 * `platen agent …`, and `platen job run JOB --here`: what is done on this very computer.
 * @param {string[]} args
 */
export function isForAgent(args) {
  return args[0] === 'agent' || (args.includes('--here') && args.includes('job') && args.includes('run'));
}
