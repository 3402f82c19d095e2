// Owns `platen image` where it says which version is meant: channels (test, live), promotion and the way back, what kind of image it is, and
// whether a version that came from another site is taken.
import type { Command, CommandContext } from './command.ts';
import { IMAGE, imageSubject, versionOption, type ImageSubject } from './image-subject.ts';
import { usage } from './usage.ts';

const CHANNEL = { name: 'CHANNEL', required: true } as const;
type ChannelName = 'test' | 'live';

function channelOf({ input }: CommandContext, command: string): ChannelName {
  const name = input.positionals[1];
  if (name !== 'test' && name !== 'live') throw usage(`CHANNEL is test or live, not "${name ?? ''}".`, command);
  return name;
}
function current({ image }: ImageSubject, name: ChannelName): string {
  const channel = image.channels.find((each) => each.name === name);
  return channel === undefined ? `no version` : `v${channel.number}`;
}

export const imageChannel: Command = {
  path: ['image', 'channel'],
  summary: 'set the version that a channel (test, live) names',
  description: 'Sets which version of an image a channel names; jobs that follow the channel deploy that one from then on. CHANNEL is test or live. Without --version it says which one it is; --none takes the version off the channel.',
  positionals: [IMAGE, CHANNEL],
  options: { ...versionOption, none: { help: 'the channel names no version any more' } },
  examples: ["platen image channel 'Lab Win11' live", "platen image channel 'Lab Win11' live --version 4"],
  run: async (context) => {
    const channel = channelOf(context, 'platen image channel');
    const none = context.input.switches.has('none');
    const subject = await imageSubject(context);
    const { calls, image, reference } = subject;
    if (none && reference.version !== undefined) throw usage('--version and --none contradict each other.', 'platen image channel');
    if (!none && reference.version === undefined) return { json: { image: image.guid, channel, version: image.channels.find((each) => each.name === channel)?.number ?? null }, text: `${channel} of ${subject.words}: ${current(subject, channel)}` };
    await calls.images.setChannel.mutate({ image: image.guid, channel, version: reference.version ?? null });
    return { json: { image: image.guid, channel, version: reference.version ?? null }, text: none ? `${channel} of ${subject.words} names no version any more.` : `${channel} is now ${subject.words}.` };
  },
};

export const imagePromote: Command = {
  path: ['image', 'promote'],
  summary: 'make the version that test names the one that live names',
  description: 'Makes the version that the channel test names the one that live names. roll-back takes it back.',
  positionals: [IMAGE],
  options: {},
  examples: ["platen image promote 'Lab Win11'"],
  run: async (context) => {
    const { calls, image, words } = await imageSubject(context);
    await calls.images.promote.mutate({ image: image.guid });
    const after = await calls.images.get.query({ image: image.guid });
    const version = after.channels.find((each) => each.name === 'live')?.number ?? null;
    return { json: { image: image.guid, channel: 'live', version }, text: `live of ${words} is now v${version}.` };
  },
};

export const imageRollBack: Command = {
  path: ['image', 'roll-back'],
  summary: 'let a channel name the version that it named before',
  description: 'Lets a channel name the version that it named before. Nothing is deleted.',
  positionals: [IMAGE, CHANNEL],
  options: {},
  examples: ["platen image roll-back 'Lab Win11' live"],
  run: async (context) => {
    const channel = channelOf(context, 'platen image roll-back');
    const { calls, image, words } = await imageSubject(context);
    await calls.images.rollBack.mutate({ image: image.guid, channel });
    const after = await calls.images.get.query({ image: image.guid });
    const version = after.channels.find((each) => each.name === channel)?.number ?? null;
    return { json: { image: image.guid, channel, version }, text: `${channel} of ${words} is v${version} again.` };
  },
};

export const imageKind: Command = {
  path: ['image', 'kind'],
  summary: 'say whether it is an image for many computers or a backup of one',
  description: 'Says what kind of image it is: image (for many computers; goes to package servers as its scope says) or backup (of one computer; stays where it was captured unless its scope says otherwise).',
  positionals: [IMAGE, { name: 'KIND', required: true }],
  options: {},
  examples: ["platen image kind 'Laptop of Bert' backup"],
  run: async (context) => {
    const kind = context.input.positionals[1];
    if (kind !== 'image' && kind !== 'backup') throw usage(`KIND is image or backup, not "${kind ?? ''}".`, 'platen image kind');
    const { calls, image, words } = await imageSubject(context);
    await calls.images.setKind.mutate({ image: image.guid, kind });
    return { json: { image: image.guid, kind }, text: kind === 'backup' ? `${words} is a backup: it stays where it was captured.` : `${words} is an image for many computers.` };
  },
};

async function pendingVersion(context: CommandContext, command: string) {
  const subject = await imageSubject(context);
  if (subject.reference.version === undefined) throw usage(`${command} needs --version N: the version that came from another site.`, command);
  const version = subject.image.versions.find((each) => each.number === subject.reference.version);
  return { ...subject, versionGuid: version?.guid ?? '', found: version !== undefined };
}

export const imageValidate: Command = {
  path: ['image', 'validate'],
  summary: 'take a version that another site captured: it may be deployed and handed out everywhere',
  description: 'Takes a version that was captured at another site than its image is managed at. Until then it is deployed at that site alone, where its number is named, and handed to no other server.',
  positionals: [IMAGE],
  options: versionOption,
  examples: ["platen image validate 'Lab Win11' --version 5"],
  run: async (context) => {
    const { calls, image, words, reference, versionGuid, found } = await pendingVersion(context, 'platen image validate');
    if (!found) throw usage(`${words}: there is no such version.`, 'platen image show');
    await calls.images.validate.mutate({ versionGuid });
    return { json: { image: image.guid, version: reference.version, pending: false }, text: `${words} is taken: it goes to the servers that hold this image.` };
  },
};

export const imageReject: Command = {
  path: ['image', 'reject'],
  summary: 'refuse a version that another site captured: it goes to the trash',
  description: 'Refuses a version that was captured at another site: it goes to the trash, and from there everywhere. undelete takes it back until then.',
  positionals: [IMAGE],
  options: { ...versionOption, reason: { value: 'TEXT', help: 'told in the history' } },
  examples: ["platen image reject 'Lab Win11' --version 5 --reason 'wrong licence'"],
  run: async (context) => {
    const { calls, image, words, reference, versionGuid, found } = await pendingVersion(context, 'platen image reject');
    if (!found) throw usage(`${words}: there is no such version.`, 'platen image show');
    const { deleteAfter } = await calls.images.reject.mutate({ versionGuid, reason: context.input.texts['reason'] ?? '' });
    return { json: { image: image.guid, version: reference.version, deleteAfter }, text: `${words} is refused and in the trash.` };
  },
};
