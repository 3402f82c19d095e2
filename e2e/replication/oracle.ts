// Owns what must be true after every story, whatever happened in it: every copy that the console calls ready re-hashes on its server, nothing
// in any data folder fails to add up, and no version that was acknowledged to whoever captured it is lost.
import type { ImageDetail, ImageSummary } from '../../src-shared/model/image.ts';
import type { LabMachine } from './machine.ts';
import type { ReplicationLab } from './lab.ts';

type Finding = { kind: string; message: string; repaired: boolean };
type Verified = { versions: { number: number; outcome: 'whole' | 'damaged' | 'not-checked' }[] };
/** out: machines that are gone in this story. deleted: version guids that were deleted on purpose. allowed: findings of doctor that the story is about. */
export type Judgement = { acknowledged: readonly string[]; out?: readonly string[]; deleted?: readonly string[] };

/** @returns what is wrong; empty: nothing */
export async function judge(lab: ReplicationLab, { acknowledged, out = [], deleted = [] }: Judgement): Promise<string[]> {
  const wrong: string[] = [];
  const machines = new Map<string, LabMachine>();
  for (const machine of lab.machines) {
    if (out.includes(machine.name) || !machine.isRunning) continue;
    if (machine !== lab.hq) machines.set((await lab.serverView(machine.name)).id, machine);
    const { answer, said } = await machine.tryPlaten('doctor', '--deep');
    const findings = Array.isArray(answer) ? (answer as unknown as Finding[]) : [{ kind: 'doctor', message: `${JSON.stringify(answer)} ${said}`, repaired: false }];
    wrong.push(...findings.filter((finding) => !finding.repaired).map((finding) => `${machine.name}: doctor found ${finding.kind}: ${finding.message}`));
  }
  const hqId = (await lab.hq.platen<{ id: string; isSelf: boolean }[]>('server', 'list')).find((server) => server.isSelf)?.id ?? '';
  machines.set(hqId, lab.hq);
  const ready = new Set<string>();
  for (const { guid } of await lab.hq.platen<ImageSummary[]>('image', 'list')) {
    const image = await lab.hq.platen<ImageDetail>('image', 'show', guid);
    for (const copy of image.copies) {
      const version = image.versions.find((each) => each.guid === copy.versionGuid);
      const machine = machines.get(copy.serverId);
      if (copy.state !== 'ready' || version === undefined || machine === undefined) continue;
      ready.add(copy.versionGuid);
      const verified = await machine.tryPlaten('image', 'verify', guid, '--version', String(version.number));
      const outcome = (verified.answer as unknown as Partial<Verified>).versions?.[0]?.outcome ?? `nothing: ${JSON.stringify(verified.answer)}`;
      if (outcome !== 'whole') wrong.push(`${machine.name}: ${image.name} v${version.number} is called ready and re-hashing it says ${outcome}`);
    }
  }
  for (const guid of acknowledged) if (!deleted.includes(guid) && !ready.has(guid)) wrong.push(`version ${guid} was acknowledged and is ready nowhere`);
  for (const guid of deleted) if (ready.has(guid)) wrong.push(`version ${guid} was deleted and is there`);
  return wrong;
}
