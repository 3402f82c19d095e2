// Owns the test deploy: a version that waits to be validated goes to one computer that an administrator names, as one run of its own, so
// that it can be tried before it is everybody's. No job holds such a task.
import { randomUUID } from 'node:crypto';
import { AppError } from '#shared/errors.ts';
import type { DiskPolicy } from '#shared/model/disk-policy.ts';
import type { Task } from '#shared/model/job.ts';
import type { Images } from '../images/service.ts';
import type { StartingParts } from './starting.ts';

export type TestDeployRequest = { image: string; version: number; computer: string; disk: DiskPolicy };
export type TestDeployParts = {
  images: Pick<Images, 'forDeploy' | 'requireProvable'>; computers: StartingParts['computers']; runs: StartingParts['runs'];
  onDisks: (tasks: readonly Task[], computerId: string) => { erases: string[]; problem: string | null };
};
export type TestDeployPreview = { title: string; computerId: string; computerName: string; erases: string[] };

export function openTestDeploy({ images, computers, runs, onDisks }: TestDeployParts) {
  function plan({ image: ref, version: number, computer, disk }: TestDeployRequest): TestDeployPreview & { task: Task } {
    const { image, version } = images.forDeploy(ref, number, { origins: new Set(), pendingToo: true });
    if (version.pending === 0) {
      throw new AppError('conflict', `Version ${number} of "${image.name}" does not wait to be validated, so there is nothing to test first. Deploy it with a job, as any other version.`, { imageGuid: image.guid, version: number });
    }
    images.requireProvable({ image, version });
    const [computerId = ''] = computers.resolve([computer], []);
    const { name } = computers.disksOf(computerId);
    const task: Task = { type: 'deploy', id: 'test-deploy', disk, imageGuid: image.guid, imageName: image.name, version: version.number, test: true };
    const { erases, problem } = onDisks([task], computerId);
    if (problem !== null) throw new AppError('conflict', `Nothing was started on ${name}: ${problem}`, { computerId });
    return { title: `Test deploy of ${image.name} version ${version.number}`, computerId, computerName: name, erases, task };
  }
  return {
    /** What it would erase; throws why it can't be. */
    preview(request: TestDeployRequest): TestDeployPreview {
      const { task: _, ...shown } = plan(request);
      return shown;
    },
    start(request: TestDeployRequest, actor: string): { run: string; computerName: string; title: string } {
      const { title, computerId, computerName, task } = plan(request);
      const [run = ''] = runs.createJobRuns([{ computerId, computerName, jobId: null, jobName: title, tasks: [task], batchId: randomUUID(), position: 1, batchSize: 1, actor }]);
      return { run, computerName, title };
    },
  };
}
