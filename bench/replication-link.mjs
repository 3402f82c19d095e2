// Owns two machines in one: this process's network namespace and another one, joined by a cable (veth) whose both ends send no faster than
// asked (tc tbf). Nothing outlives this process: the other namespace ends with the child that holds it, and the cable with the namespace.
import { spawn, spawnSync } from 'node:child_process';
import { nodePath } from '../scripts/node.mjs';
import { must } from './sample.mjs';

export const HERE = '10.199.0.1';
export const THERE = '10.199.0.2';
const env = 'PLATEN_BENCH_NAMESPACE';
/** Ethernet, IPv4 and TCP with time stamps: of 1514 bytes in a full frame, 1448 are content. */
export const CONTENT_SHARE = 1448 / 1514;

/** Runs this very program again in a network namespace of its own, unless it runs in one. @returns {boolean} whether this is the one that measures */
export function inOwnNamespace() {
  if (process.env[env] !== undefined) return true;
  if (process.getuid?.() !== 0) throw new Error('network namespaces need root');
  const child = spawnSync('unshare', ['--net', nodePath(), ...process.argv.slice(1)], { stdio: 'inherit', env: { ...process.env, [env]: '1' } });
  process.exitCode = child.status ?? 1;
  return false;
}

export class Link {
  /** @param {import('node:child_process').ChildProcess} holder @param {number} megabits */
  constructor(holder, megabits) {
    this.holder = holder;
    this.megabits = megabits;
  }

  /** @param {number} megabits each way */
  static make(megabits) {
    const holder = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--net', 'sleep', 'infinity'], { stdio: 'ignore' });
    const link = new Link(holder, megabits);
    const pid = String(holder.pid);
    const own = namespaceOf('self');
    for (const until = performance.now() + 5000; namespaceOf(pid) === own;) if (performance.now() > until) throw new Error('no second network namespace came');
    must('ip', ['link', 'add', 'wire0', 'type', 'veth', 'peer', 'name', 'wire1']);
    must('ip', ['link', 'set', 'wire1', 'netns', pid]);
    for (const [isHere, name, address] of /** @type {const} */ ([[true, 'wire0', HERE], [false, 'wire1', THERE]])) {
      const run = (/** @type {string} */ command, /** @type {string[]} */ ...args) => {
        const there = link.there([command, ...args]);
        must(isHere ? command : there.command, isHere ? args : there.args);
      };
      run('ip', 'address', 'add', `${address}/24`, 'dev', name);
      run('ip', 'link', 'set', name, 'up');
      run('ip', 'link', 'set', 'lo', 'up');
      run('tc', 'qdisc', 'add', 'dev', name, 'root', 'tbf', 'rate', `${megabits}mbit`, 'burst', '128k', 'latency', '50ms');
    }
    return link;
  }

  /** A command as it is to be run for the other side; it ends with this process. @param {string[]} words */
  there(words) {
    return { command: 'setpriv', args: ['--pdeathsig', 'KILL', 'nsenter', '--net', '--target', String(this.holder.pid), ...words] };
  }

  /** Bytes of whole Ethernet frames that went there and came back, headers of every packet included. */
  bytes() {
    const { command, args } = this.there(['tc', '-s', 'qdisc', 'show', 'dev', 'wire1']);
    return { there: sentIn(must('tc', ['-s', 'qdisc', 'show', 'dev', 'wire0'])), back: sentIn(must(command, args)) };
  }

  end() {
    this.holder.kill('SIGKILL');
  }
}

/** @param {string} text of `tc -s qdisc show` */
function sentIn(text) {
  return Number(/Sent (\d+) bytes/.exec(text)?.[1] ?? Number.NaN);
}

/** @param {string} pid */
function namespaceOf(pid) {
  return spawnSync('readlink', [`/proc/${pid}/ns/net`], { encoding: 'utf8' }).stdout.trim();
}
