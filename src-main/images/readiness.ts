// Owns what a task that names an image would meet, in few words and for thousands of jobs at once: rows in, answers out, no
// device graph is read. The rules are those of choose.ts.
import { AppError } from '#shared/errors.ts';
import type { ChannelName } from '#shared/model/replication.ts';
import { chooseVersion, isHeldBack, type ChooseFor } from './choose.ts';
import type { ChannelRow, ImageRow, VersionRow } from './repo.ts';

/** version: what would be deployed now; problem: why nothing can be ("Win11 lab is in the trash"), else null. */
export type DeployReadiness = { name: string; version: number | null; needsBytes: number | null; problem: string | null; /** The server it was captured at, while it waits to be validated: only computers at its site get it. */ waitsAt: string | null };
export type ImageReadiness = {
  /** @param version null: the newest enabled, or what a channel names. @returns null for an image that is gone */
  deploy(guid: string, version: number | ChannelName | null): DeployReadiness | null;
  /** Why nothing can be captured into it, else null. @param guid null: the image called `name`, or a new one */
  captureProblem(guid: string | null, name: string): string | null;
  nameOf(guid: string): string | null;
};

type Beside = { channels: readonly Pick<ChannelRow, 'image_guid' | 'name' | 'number'>[]; choose: ChooseFor };

export function readinessOf(images: readonly ImageRow[], versions: readonly VersionRow[], { channels, choose }: Beside = { channels: [], choose: { origins: new Set() } }): ImageReadiness {
  const named = new Map(channels.map((channel) => [`${channel.image_guid} ${channel.name}`, channel.number]));
  const byGuid = new Map(images.map((image) => [image.guid, image]));
  const byName = Map.groupBy(images, (image) => image.name);
  const byImage = Map.groupBy(versions, (version) => version.image_guid);
  const answers = new Map<string, DeployReadiness>();
  return {
    deploy(guid, version) {
      const image = byGuid.get(guid);
      if (image === undefined) return null;
      const key = `${guid} ${version ?? ''}`;
      const number = typeof version === 'string' ? named.get(`${guid} ${version}`) : version;
      const answer = answers.get(key) ?? (number === undefined ? { name: image.name, version: null, needsBytes: null, waitsAt: null, problem: `No version of ${image.name} is ${version === 'test' ? 'under test' : 'live'}` } : deployReadiness(image, byImage.get(guid) ?? [], { wanted: number, choose }));
      answers.set(key, answer);
      return answer;
    },
    captureProblem(guid, name) {
      if (guid === null) {
        const called = byName.get(name) ?? [];
        const living = called.filter((image) => image.trashed_at === null);
        if (living.length > 1) return `${living.length} images are called ${name}: say in the task which one`;
        return living.length === 0 && called.length > 0 ? `${name} is in the trash` : null;
      }
      const image = byGuid.get(guid);
      if (image === undefined) return `The image ${name} is gone`;
      return image.trashed_at === null ? null : `${image.name} is in the trash`;
    },
    nameOf: (guid) => byGuid.get(guid)?.name ?? null,
  };
}

function deployReadiness(image: ImageRow, versions: readonly VersionRow[], { wanted, choose }: { wanted: number | null; choose: ChooseFor }): DeployReadiness {
  try {
    // Which computers are at its site is known where a job is started.
    const near = new Set(versions.flatMap((version) => version.origin_server_id ?? []));
    const chosen = chooseVersion(image, versions, wanted ?? undefined, { ...choose, near });
    return { name: image.name, version: chosen.number, needsBytes: chosen.smallest_target_bytes, problem: null, waitsAt: isHeldBack(chosen, choose) ? chosen.origin_server_id : null };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { name: image.name, version: null, needsBytes: null, waitsAt: null, problem: problemWords(image, versions, wanted, error) };
  }
}

function problemWords(image: ImageRow, versions: readonly VersionRow[], wanted: number | null, { code, data, message }: AppError): string {
  const about = wanted === null ? image.name : `Version ${wanted} of ${image.name}`;
  switch (code) {
    case 'image-in-trash': return image.trashed_at === null && wanted === null ? `Every version of ${image.name} is in the trash` : image.trashed_at === null ? `${about} is in the trash` : `${image.name} is in the trash`;
    case 'image-disabled': return image.enabled === 1 && wanted === null ? `Every version of ${image.name} is disabled` : image.enabled === 1 ? `${about} is disabled` : `${image.name} is disabled`;
    case 'image-damaged': return `Version ${wanted ?? String(data['version'])} of ${image.name} is damaged`;
    case 'image-empty': return `${image.name} has no version yet`;
    case 'conflict': return `Version ${wanted ?? String(data['version'])} of ${image.name} waits to be validated`;
    case 'not-found': return versions.length === 0 ? `${image.name} has no version yet` : `${image.name} has no version ${wanted}`;
    default: return message;
  }
}
