// Owns which computers may be given a version that waits to be validated: those at the site of the server it was captured at. Pure; asked
// when runs are made, while a deploy asks once more with the address it comes from.
import type { Task } from '#shared/model/job.ts';
import type { Images } from '../images/service.ts';

/** near: of a computer's address, the servers that have it at their site. */
export type Nearness = { near: () => (address: string) => ReadonlySet<string>; nameOf: (serverId: string) => string };
export type WaitingParts = { images: Pick<Images, 'readiness'>; /** Without it every computer is elsewhere. */ nearness?: Nearness | undefined };

/** @returns of a computer's address: why one of these tasks is refused there, else null */
export function waitingProblems(tasks: readonly Task[], { images, nearness }: WaitingParts): (address: string) => string | null {
  const waiting = tasks.flatMap((task) => {
    if (task.type !== 'deploy' || task.version === null || task.test === true) return [];
    const waitsAt = images.readiness().deploy(task.imageGuid, task.version)?.waitsAt ?? null;
    return waitsAt === null ? [] : [{ ...task, waitsAt }];
  });
  if (waiting.length === 0) return () => null;
  const nearTo = nearness?.near();
  return (address) => {
    const near = nearTo?.(address);
    const refused = waiting.find((task) => near?.has(task.waitsAt) !== true);
    if (refused === undefined) return null;
    const where = nearness?.nameOf(refused.waitsAt) ?? 'another server';
    return `Version ${refused.version} of ${refused.imageName} waits to be validated, and is deployed only at the site of ${where}, where it was captured; this computer${address === '' ? "'s address is not known" : `, at ${address}, is not there`}. Validate it first: platen image validate ${refused.imageGuid} --version ${refused.version}`;
  };
}
