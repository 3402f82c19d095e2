// Made-up but plausible jobs and folders for the console's tests and screenshots. Ids are stable from run to run.
import type { JobRevision, Task } from '#shared/model/job.ts';
import type { FakeData } from './fakeData.ts';
import { guidOf } from './fakeData.ts';

const minute = 60_000;
const day = 86_400_000;

export type FakeFolder = { id: string; parentId: string | null; name: string; description: string; showInPortal: boolean; rev: number; trashedAt: number | null };
export type FakeJob = {
  id: string; folderId: string | null; name: string; description: string; showInPortal: boolean; tasks: Task[]; rev: number; updatedAt: number; updatedBy: string; trashedAt: number | null; revisions: JobRevision[];
};
export type FakeJobs = { folders: FakeFolder[]; jobs: FakeJob[] };

const deploy = (image: string, version: number | null = null): Task => ({ type: 'deploy', id: `deploy-${guidOf(image).slice(0, 8)}`, disk: { kind: 'only-internal' }, imageGuid: guidOf(image), imageName: image, version });
const script = (title: string, text: string): Task => ({ type: 'script', id: `script-${guidOf(title).slice(0, 8)}`, title, text, timeoutSeconds: 600, continueOnError: false });
const message = (text: string, seconds: number | null): Task => ({ type: 'message', id: `message-${guidOf(text).slice(0, 8)}`, text, seconds });
const power = (action: 'restart' | 'shut-down'): Task => ({ type: 'power', id: `power-${action}`, action });

/** Nothing where there are no images: a server just set up has no jobs either. */
export function jobsFor(data: FakeData, now = Date.now()): FakeJobs {
  const jobs: FakeJobs = { folders: [], jobs: [] };
  if (data.images.length === 0) return jobs;
  const folder = (name: string, parentId: string | null = null, given: Partial<FakeFolder> = {}): string => {
    const id = guidOf(`folder ${name}`);
    jobs.folders.push({ id, parentId, name, description: '', showInPortal: false, rev: 1, trashedAt: null, ...given });
    return id;
  };
  const job = (name: string, folderId: string | null, tasks: Task[], given: Partial<FakeJob> = {}): void => {
    const made: FakeJob = { id: guidOf(`job ${name}`), folderId, name, description: '', showInPortal: false, tasks, rev: 1, updatedAt: now - 3 * day, updatedBy: 'anna', trashedAt: null, revisions: [], ...given };
    made.revisions.push({ rev: made.rev, at: made.updatedAt, actor: made.updatedBy, message: 'Made', name: made.name, description: made.description, showInPortal: made.showInPortal, tasks: made.tasks });
    jobs.jobs.push(made);
  };
  const imaging = folder('Imaging');
  job('Win11 lab (MI)', imaging, [deploy('Win11 lab'), script('Set the asset tag', '#!/bin/sh\nset -eu\nmount /dev/nvme0n1p3 /mnt\necho "room 12" > /mnt/platen.txt\numount /mnt\n'), message('Ready. Stick the label on and switch it on.', 30), power('restart')], { description: 'Windows 11 lab', rev: 4, updatedAt: now - 12 * minute });
  job('Win11 teacher', imaging, [deploy('Win11 teacher', 1), power('restart')], { showInPortal: true });
  job('Linux workshop (MI)', imaging, [deploy('Linux workshop')]);
  const room = folder('Whole lab (MI)', null, { description: 'Lab PC, complete' });
  job('1 Check the hardware', room, [script('Check memory and disk', 'smartctl -H /dev/nvme0n1\n')]);
  job('2 Deploy Windows', room, [deploy('Win11 lab')]);
  const after = folder('After imaging', room);
  job('10 Name and join', after, [script('Join the domain', 'join-domain {name}\n')]);
  job('9 Drivers', after, [script('Add drivers', 'true\n'), power('shut-down')]);
  const tools = folder('Tools');
  job('Capture the teacher PC', tools, [{ type: 'capture', id: 'capture-1', disk: { kind: 'smallest-that-fits' }, imageGuid: guidOf('Win11 teacher'), imageName: 'Win11 teacher', note: 'From {name}' }]);
  job('Exam room (MI)', tools, [deploy('Exam room 2025'), power('shut-down')], { updatedAt: now - 200 * day, updatedBy: 'bert' });
  job('Kiosk (MI)', tools, [deploy('Kiosk, entrance hall')]);
  folder('Archive');
  job('Not finished', null, []);
  jobs.jobs.push({ ...jobOf(jobs, 'Linux workshop (MI)'), id: guidOf('job Old'), name: 'Windows 10', trashedAt: now - day, revisions: [] });
  const lab = jobOf(jobs, 'Win11 lab (MI)');
  const [first = deploy('Win11 lab'), second = power('restart')] = lab.tasks;
  const past = (rev: number, age: number, actor: string, text: string, tasks: Task[]): JobRevision => ({ rev, at: now - age, actor, message: text, name: lab.name, description: lab.description, showInPortal: false, tasks });
  lab.revisions = [
    past(1, 40 * day, 'anna', 'Made', []), past(2, 40 * day - minute, 'anna', 'Added “Deploy Win11 lab (version 3) to the internal disk”', [deploy('Win11 lab', 3)]),
    past(3, 3 * day, 'bert', 'Deploys the newest version; added a script', [first, second]), past(4, 12 * minute, 'anna', 'Added a message and a restart', lab.tasks),
  ];
  return jobs;
}

function jobOf(jobs: FakeJobs, name: string): FakeJob {
  const found = jobs.jobs.find((each) => each.name === name);
  if (found === undefined) throw new Error(`the fake data lack the job ${name}`);
  return found;
}
