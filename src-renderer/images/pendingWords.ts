// Pure: what is said of a version that another server captured into an image that is not its own, until somebody validates or rejects it.
import type { ImageDetail, VersionSummary } from '#shared/model/image.ts';
import { formatBytes } from '#shared/units.ts';

type Names = ReadonlyMap<string, string>;

/** @param names of servers by their ids */
export function originName(version: Pick<VersionSummary, 'originServerId'>, names: Names): string {
  return (version.originServerId === null ? undefined : names.get(version.originServerId)) ?? 'another server';
}

/** Why it can't be validated or tried yet, as one goes on after "It can't be validated yet: "; null where it can. The console proves it first. */
export function notYet(image: Pick<ImageDetail, 'copies'>, version: Pick<VersionSummary, 'guid'>, consoleId: string): string | null {
  const state = image.copies.find((copy) => copy.versionGuid === version.guid && copy.serverId === consoleId)?.state ?? 'absent';
  switch (state) {
    case 'ready': return null;
    case 'copying': return 'it is still being copied to this console.';
    case 'verifying': return 'this console is still re-hashing its copy.';
    case 'damaged': return 'the copy on this console is damaged. It is fetched again by itself.';
    case 'absent': case 'removing': return 'its copy has not arrived at this console yet. It is fetched by itself as soon as the server that has it is connected.';
  }
}

/** What validating does, line by line. */
export function validationLines(image: Pick<ImageDetail, 'enabled' | 'current' | 'channels' | 'newest'>, version: Pick<VersionSummary, 'number' | 'enabled'>): string[] {
  const isNewest = version.number > (image.current ?? 0);
  return [
    'It is copied to the servers that are to hold this image.',
    !image.enabled || !version.enabled ? 'It is disabled, so it is not deployed until it is enabled.'
      : isNewest ? `Whatever deploys the newest version deploys version ${version.number} from then on${image.current === null ? '' : `, instead of version ${image.current}`}.` : `The newest version stays version ${image.current}; this one is deployed where it is named.`,
    ...(image.channels.length === 0 ? [] : [`What follows a channel stays where it is (${image.channels.map((channel) => `${channel.name === 'test' ? 'Test' : 'Live'}: version ${channel.number}`).join(', ')}).`]),
    'That can’t be taken back. To stop deploying it afterwards, disable the version.',
  ];
}

/** What is lost by rejecting, line by line. */
export function rejectionLines(image: Pick<ImageDetail, 'copies' | 'current' | 'name'>, version: Pick<VersionSummary, 'guid' | 'number' | 'newBytes'>, { origin, days }: { origin: string; days: number | null }): string[] {
  const holders = image.copies.filter((copy) => copy.versionGuid === version.guid && copy.state === 'ready').map((copy) => copy.serverName);
  return [
    `It goes to the trash${days === null ? '' : ` for ${days === 1 ? '1 day' : `${days} days`}`}. Until then it can be taken back, and waits to be validated as before.`,
    `Then it is deleted everywhere, also at ${origin}${holders.length === 0 ? '' : `. Proved copies are at ${listed(holders)}`}.`,
    version.newBytes === 0 ? 'No other version lacks anything then: all of its content is in others too.' : `What only this version has is lost then: ${formatBytes(version.newBytes)} were new when it was captured.`,
    image.current === null ? 'Nothing else of this image can be deployed.' : `Other versions stay as they are; version ${image.current} is deployed.`,
  ];
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}
