// The entry of `platen` in plain Node: the command line with this process around it. What it does is src-main/cli.
import { createInterface } from 'node:readline/promises';
import { createProgress } from './cli/progress.ts';
import { runCommandLine } from './cli/main.ts';
import { wantsJson } from './cli/parse.ts';

const argv = process.argv.slice(2);
const json = wantsJson(argv);
const { stdin, stdout, stderr, env } = process;

// `platen image list | head`: whoever reads may stop early, which is not an error.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

// Whoever stands between a person and this process (npm start, bin/platen) was killed without a word: nobody is left to end it.
if (process.channel !== undefined && process.channel !== null) {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel.unref();
}

process.exitCode = await runCommandLine(argv, {
  json,
  interactive: stdin.isTTY && stderr.isTTY,
  columns: stdout.isTTY ? stdout.columns : null,
  env,
  now: () => Date.now(),
  say: (text) => stderr.write(`${text}\n`),
  print: (text) => stdout.write(`${text}\n`),
  confirm: async (question) => {
    const reader = createInterface({ input: stdin, output: stderr });
    try {
      return /^(y|yes)$/i.test((await reader.question(`${question} [y/N] `)).trim());
    } catch (error) {
      // Ctrl-D and Ctrl-C end the question without an answer, which is a no.
      if (!(error instanceof Error && error.name === 'AbortError')) throw error;
      stderr.write('\n');
      return false;
    } finally {
      reader.close();
    }
  },
  progress: createProgress({
    write: (text) => stderr.write(text),
    isTerminal: stderr.isTTY && env['TERM'] !== 'dumb',
    columns: () => stderr.columns,
    ascii: env['TERM'] === 'linux' || !/utf-?8/i.test(env['LC_ALL'] ?? env['LC_CTYPE'] ?? env['LANG'] ?? 'UTF-8'),
  }, { json, now: () => performance.now() }),
});
