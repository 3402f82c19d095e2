// The fake server's versions that wait to be validated: taking, refusing and trying them, as the real API's procedures.
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import { diskPolicySchema, diskWords } from '#shared/model/disk-policy.ts';
import type { ImageDetail, VersionSummary } from '#shared/model/image.ts';
import { taskSummary } from '#shared/model/job.ts';
import type { Task } from '#shared/model/job.ts';
import type { Change } from '#shared/model/server.ts';
import type { FakeData } from './fakeData.ts';
import { guidOf } from './fakeIds.ts';
import { fail } from './fakeProcedures.ts';
import type { Procedures } from './fakeProcedures.ts';

type Parts = { data: FakeData; changed: (entity: Change['entity'], id: string) => void };

/** A further version of an image, captured at PS008 and re-hashed here; what a server says of it among what needs a person. */
export function addPending(data: FakeData, name: string): VersionSummary {
  const image = data.images.find((each) => each.name === name);
  const last = image?.versions.at(-1);
  if (image === undefined || last === undefined) throw new Error(`${name} has no version`);
  const ps8 = guidOf('server PS008');
  const version: VersionSummary = { ...last, guid: guidOf(`${name} pending`), number: last.number + 1, note: 'Printer of room 3', newBytes: 1.1e9, storedBytes: 0.5e9, capturedAt: Date.now() - 3_600_000, capturedBy: 'bert', computerName: 'ROME-07', pending: true, originServerId: ps8 };
  image.versions.push(version);
  Object.assign(image, { newest: version, versionCount: image.versionCount + 1 });
  image.copies.push({ versionGuid: version.guid, serverId: data.status.serverId, serverName: data.status.name, state: 'ready', provedAt: Date.now() - 3_000_000, problem: null }, { versionGuid: version.guid, serverId: ps8, serverName: 'PS008', state: 'ready', provedAt: Date.now() - 3_400_000, problem: null });
  data.status.problems.push({ code: 'version-pending', message: `Version ${version.number} of "${name}" was captured at PS008 and waits to be validated. Until then it is deployed nowhere else. Validate or reject it; it can be tried on one computer before.`, link: `image/${image.guid}/versions` });
  return version;
}

export function pendingProcedures({ guarded }: Procedures, { data, changed }: Parts, derive: (image: ImageDetail) => void) {
  const find = (guid: string): { image: ImageDetail; version: VersionSummary } => {
    for (const image of data.images) for (const version of image.versions) if (version.guid === guid) return { image, version };
    return fail(new AppError('not-found', 'There is no such version any more.'));
  };
  const settled = (image: ImageDetail): void => {
    data.status.problems = data.status.problems.filter((problem) => problem.code !== 'version-pending');
    derive(image);
    changed('image', image.guid);
  };
  return {
    validate: guarded.input(z.object({ versionGuid: z.string() })).mutation(({ input }) => {
      const { image, version } = find(input.versionGuid);
      version.pending = false;
      data.history.get(image.guid)?.push({ id: 900, at: Date.now(), actor: 'anna', kind: 'validated', message: `Version ${version.number} was validated`, data: {} });
      settled(image);
    }),
    reject: guarded.input(z.object({ versionGuid: z.string(), reason: z.string().optional() })).mutation(({ input }) => {
      const { image, version } = find(input.versionGuid);
      const deleteAfter = Date.now() + data.settings.trashDays * 86_400_000;
      Object.assign(version, { trashedAt: Date.now(), deleteAfter });
      data.history.get(image.guid)?.push({ id: 901, at: Date.now(), actor: 'anna', kind: 'rejected', message: `Version ${version.number} was rejected: ${input.reason ?? ''}`, data: {} });
      settled(image);
      return { deleteAfter };
    }),
  };
}

const testDeploy = z.object({ image: z.string(), version: z.number(), computer: z.string(), disk: diskPolicySchema });

export function testDeployProcedures({ guarded }: Procedures, { data, changed }: Parts) {
  const plan = (input: z.infer<typeof testDeploy>) => {
    const image = data.images.find((each) => each.guid === input.image) ?? fail(new AppError('not-found', 'There is no such image.'));
    const computer = data.computers.find((each) => each.id === input.computer) ?? fail(new AppError('not-found', 'There is no such computer.'));
    if (input.disk.kind === 'serial' && !computer.disks.some((disk) => input.disk.kind === 'serial' && disk.serial === input.disk.serial)) fail(new AppError('conflict', `Nothing was started on ${computer.name}: No disk here has the serial ${input.disk.serial}.`));
    return { image, computer, title: `Test deploy of ${image.name} version ${input.version}`, erases: computer.disks.map(diskWords) };
  };
  return {
    previewTestDeploy: guarded.input(testDeploy).query(({ input }) => {
      const { computer, title, erases } = plan(input);
      return { title, computerId: computer.id, computerName: computer.name, erases };
    }),
    startTestDeploy: guarded.input(testDeploy).mutation(({ input }) => {
      const { image, computer, title } = plan(input);
      const task: Task = { type: 'deploy', id: 'test-deploy', disk: input.disk, imageGuid: image.guid, imageName: image.name, version: input.version, test: true };
      const id = guidOf(`run ${title} ${computer.name}`);
      data.runs.push({
        id, kind: 'job', state: 'waiting', waitingFor: 'computer', batchId: guidOf(`batch ${title}`), jobId: null, jobName: title, tasks: [{ index: 0, task, summary: taskSummary(task), state: 'pending', startedAt: null, endedAt: null, progress: null, result: null, error: null }], taskIndex: 0,
        computerId: computer.id, computerName: computer.name, imageGuid: image.guid, imageName: image.name, versionNumber: input.version, disk: null, progress: null, result: null, error: null, actor: 'anna', startedAt: Date.now(), endedAt: null,
      });
      changed('run', id);
      return { run: id, computerName: computer.name, title };
    }),
  };
}
