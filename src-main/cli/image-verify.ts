// Owns `platen image verify`: asks for the check, waits for its end and says what it proved. The checking is the server's.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ImageDetail, VersionSummary } from '#shared/model/image.ts';
import type { Command, CommandContext } from './command.ts';
import { IMAGE, imageSubject, versionOption } from './image-subject.ts';
import type { ImageSubject } from './image-subject.ts';
import { printable } from './table.ts';

const pollMs = 250;

type Result = VersionSummary & { outcome: 'whole' | 'damaged' | 'not-checked' };

export const imageVerify: Command = {
  path: ['image', 'verify'],
  summary: 'read every chunk back from disk and prove it (waits; exit code 1 when damaged)',
  description: 'Re-hashes every chunk of a version from disk, or of all versions of the image, and waits until that is done. '
    + 'A version with a damaged chunk is marked damaged and is no longer deployed. Ending this command does not end the check: the server goes on.',
  positionals: [IMAGE],
  options: versionOption,
  examples: ["platen image verify 'Lab Win11'", "platen image verify 'Lab Win11' --version 3"],
  run: async (context) => {
    const subject = await imageSubject(context);
    const { started } = await subject.calls.images.verify.mutate(subject.reference);
    const versions = await waitChecked(context, subject, started);
    const whole = versions.every((version) => version.outcome === 'whole');
    return { json: { image: subject.image.guid, name: subject.image.name, versions }, text: versions.map((version) => resultText(subject.image, version)).join('\n'), exitCode: whole ? 0 : 1 };
  },
};

function resultText(image: ImageDetail, version: Result): string {
  const name = `${printable(image.name)} v${version.number}`;
  if (version.outcome === 'whole') return `${name} is whole: every chunk was read back and proved.`;
  if (version.outcome === 'not-checked') return `${name} could not be checked; the server's log says why. Its state is still ${version.state}.`;
  const chunks = version.damagedChunks === 1 ? '1 chunk cannot' : `${version.damagedChunks} chunks cannot`;
  return `${name} is damaged: ${chunks} be read back as stored. It is not deployed any more (PL-2031); capture it again, or verify it again after the disk was repaired.`;
}

async function waitChecked(context: CommandContext, { calls, image, words }: ImageSubject, numbers: readonly number[]): Promise<Result[]> {
  const before = new Map(image.versions.map((version) => [version.number, version]));
  // From the moment it was asked for until its end a check has progress, also while it waits for others.
  const done = (version: VersionSummary): boolean => version.verifying === null;
  for (;;) {
    const { versions } = await calls.images.get.query({ image: image.guid });
    const ours = versions.filter((version) => numbers.includes(version.number));
    if (ours.every(done)) return ours.map((version) => ({ ...version, outcome: outcomeOf(version, before.get(version.number)) }));
    const now = ours.find((version) => version.verifying !== null && version.verifying.totalBytes > 0);
    const others = ours.filter((version) => !done(version)).length;
    if (now?.verifying) {
      context.progress.update({ label: `verify ${printable(image.name)} v${now.number}`, ...now.verifying, detail: others > 1 ? `${others} versions to go` : undefined });
    } else context.progress.update({ label: `verify ${words}`, doneBytes: 0, totalBytes: 0, rateBytesPerSecond: 0, etaSeconds: null, detail: 'waits for other checks' });
    await sleep(pollMs);
  }
}

function outcomeOf(version: VersionSummary, before: VersionSummary | undefined): Result['outcome'] {
  if (version.state === 'damaged') return 'damaged';
  return version.state === 'ready' && version.verifiedAt !== before?.verifiedAt ? 'whole' : 'not-checked';
}
