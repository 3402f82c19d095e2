// A portal with made-up data in the terminal it is started in, for looking and trying: node src-agent/portal/testing/demo.ts [known|new]
// It does what a session would, with a run that takes twenty seconds and touches nothing. A name with "taken" in it is taken.
import { AppError } from '#shared/errors.ts';
import { computerNameProblem } from '#shared/model/computer-name.ts';
import type { AssignedRun } from '#shared/agent/messages.ts';
import { localeOf } from '../capabilities.ts';
import { openPortal } from '../portal.ts';
import { disk, folders, items, open, progress } from './scenes.ts';

const isNew = process.argv[2] === 'new';
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
let cancelled = false;
const given = { ...open, menu: [...items, ...folders.slice(1)], ...(isNew ? { named: false, computerName: 'PF2K81QX', proposedName: 'PF2K81QX' } : {}) };

const face = openPortal({
  input: process.stdin, output: process.stdout, term: process.env['TERM'] ?? '', locale: localeOf(process.env), options: { straightToMenu: false },
  commands: {
    identify: () => wait(300), resume: () => wait(100), messageRead: () => undefined, proceed: () => undefined,
    checkName: async (name) => {
      await wait(200);
      return computerNameProblem(name) ?? (name.includes('taken') ? `Another computer is called ${name}. Choose another name.` : null);
    },
    pick: async (item) => {
      await wait(400);
      if (item === 'job/3') throw new AppError('conflict', 'LAB12-07 is busy: Linux workshop runs on it, by bert. Wait until it has ended, or cancel it in the console.');
      void act(item);
    },
    cancelRun: async () => void (cancelled = true),
    leave: () => {
      face.close();
      process.exit(0);
    },
  },
});
face.tell({ type: 'server', state: 'connecting', name: 'anna-laptop', reason: 'No answer yet.', since: Date.now(), nextTryAt: Date.now() + 1000 });
face.tell({ type: 'machine', machine: { model: 'Latitude 5420', serial: '7XK2M33', address: '192.168.10.57' }, disks: [disk] });
await wait(1000);
face.tell({ type: 'server', state: 'open', name: 'anna-laptop', reason: '', since: Date.now(), nextTryAt: null });
face.tell({ type: 'open', open: given });

async function act(item: string): Promise<void> {
  const runId = '00000000-0000-4000-8000-000000000001';
  const tasks = given.tasks[item] ?? [];
  const title = items.find((each) => each.id === item)?.label ?? item;
  const run: AssignedRun = { id: runId, title, by: 'you', askedAt: Date.now(), tasks, taskIndex: 0, how: 'fresh', position: 1, of: 1 };
  cancelled = false;
  face.tell({ type: 'run', run, replaced: [] });
  const started = Date.now();
  for (const [index, task] of tasks.entries()) {
    face.tell({ type: 'task', runId, index, state: 'running', note: '' });
    const steps = task.type === 'deploy' || task.type === 'capture' ? 100 : 10;
    for (let step = 0; step <= steps && !cancelled; step++) {
      if (steps === 100) face.tell({ type: 'progress', runId, index, progress: { ...progress, doneBytes: (progress.totalBytes * step) / steps, etaSeconds: (steps - step) / 5 } });
      await wait(200);
    }
    if (cancelled) break;
    face.tell({ type: 'task', runId, index, state: 'done', note: '' });
  }
  face.tell({ type: 'ended', runId, outcome: cancelled ? 'cancelled' : 'succeeded', title, seconds: (Date.now() - started) / 1000, error: null, done: [], next: { action: 'menu', inSeconds: 10 } });
}
