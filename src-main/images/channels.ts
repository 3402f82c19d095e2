// Owns which version a channel (Test, Live) of an image names, and whether it is an image or a backup. Each step can be taken back, and
// rolling back follows the steps in reverse, one at a time.
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import type { HistoryEvent } from '#shared/model/image.ts';
import { channelNames, imageKinds, type ChannelName } from '#shared/model/replication.ts';
import type { Events } from '../events/service.ts';
import type { Undo } from '../undo/service.ts';
import type { ImageRepo, ImageRow, VersionRow } from './repo.ts';

export type Undoable = { undo: number | null };
export type ChannelsParts = { repo: ImageRepo; events: Events; clock: () => number; /** null: nothing can be taken back (tests). */ undo: Undo | null };

const words: Record<ChannelName, string> = { test: 'Test', live: 'Live' };
const stepSchema = z.object({ channel: z.enum(channelNames), from: z.string().nullable(), to: z.string().nullable(), back: z.boolean() });
const channelUndo = z.object({ imageGuid: z.uuid(), channel: z.enum(channelNames), from: z.string().nullable(), to: z.string().nullable() });
const kindUndo = z.object({ imageGuid: z.uuid(), from: z.enum(imageKinds), to: z.enum(imageKinds) });

/**
 * The version (GUID) a channel named before what it names now; null for none. Steps back are taken off, so that the next goes further.
 * @param history newest first  @param isChoice false for one that is gone, or named now
 */
export function beforeThat(history: readonly Pick<HistoryEvent, 'kind' | 'data'>[], channel: ChannelName, isChoice: (versionGuid: string) => boolean): string | null {
  const stack: (string | null)[] = [];
  for (const event of history.toReversed()) {
    const step = event.kind === 'channel' ? stepSchema.safeParse(event.data).data : undefined;
    if (step?.channel !== channel) continue;
    if (step.back) stack.pop();
    else stack.push(step.from);
  }
  return stack.findLast((guid) => guid !== null && isChoice(guid)) ?? null;
}

export function openChannels({ repo, events, clock, undo }: ChannelsParts) {
  const current = (imageGuid: string, channel: ChannelName): string | null => repo.channelsOf(imageGuid).find((row) => row.name === channel)?.version_guid ?? null;

  /** One transaction: the row, the event that rolling back reads, and what undoes it. */
  function put(image: ImageRow, step: { channel: ChannelName; to: string | null; back: boolean }, { actor, message }: { actor: string; message: string }): Undoable {
    const from = current(image.guid, step.channel);
    if (from === step.to) return { undo: null };
    const kept = repo.transaction(() => {
      if (step.to === null) repo.clearChannel(image.guid, step.channel);
      else repo.setChannel({ imageGuid: image.guid, name: step.channel, versionGuid: step.to, at: clock(), by: actor });
      events.record({ actor, entity: 'image', id: image.guid, kind: 'channel', message, data: { ...step, from } });
      return undo?.keep('image.channel', { actor, label: `${message} (${image.name})`, payload: { imageGuid: image.guid, channel: step.channel, from, to: step.to } }) ?? null;
    });
    events.changed('image', image.guid);
    return { undo: kept };
  }
  function requireUsable(image: ImageRow, version: VersionRow, channel: ChannelName): void {
    const about = { imageGuid: image.guid, version: version.number };
    if (version.trashed_at !== null) throw new AppError('image-in-trash', `Version ${version.number} of "${image.name}" is in the trash, so no channel names it. Take it out first.`, about);
    if (version.pending === 1) throw new AppError('conflict', `Version ${version.number} of "${image.name}" waits to be validated. Validate it first, then make it ${words[channel]}.`, about);
  }

  undo?.register('image.channel', (payload, actor) => {
    const { imageGuid, channel, from, to } = channelUndo.parse(payload);
    const version = from === null ? undefined : repo.versionByGuid(from);
    if (current(imageGuid, channel) !== to || (from !== null && version === undefined)) throw new AppError('conflict', `This can't be undone any more: ${words[channel]} names another version meanwhile, or the earlier one is gone. Set it by hand where that is still wanted.`);
    if (from === null) repo.clearChannel(imageGuid, channel);
    else repo.setChannel({ imageGuid, name: channel, versionGuid: from, at: clock(), by: actor });
    events.record({ actor, entity: 'image', id: imageGuid, kind: 'channel', message: version === undefined ? `${words[channel]} names no version, as before` : `${words[channel]} is version ${version.number}, as before`, data: { channel, from: to, to: from, back: true } });
    events.changed('image', imageGuid);
  });
  undo?.register('image.kind', (payload, actor) => {
    const { imageGuid, from, to } = kindUndo.parse(payload);
    if (repo.imageByGuid(imageGuid)?.kind !== to) throw new AppError('conflict', 'This can\'t be undone any more: the image was changed since, or is gone.');
    repo.setKind(imageGuid, from);
    events.record({ actor, entity: 'image', id: imageGuid, kind: 'kind', message: from === 'backup' ? 'It is a backup, as before' : 'It is an image, as before' });
    events.changed('image', imageGuid);
  });

  return {
    /** The version that a channel names; null for none. */
    named: (imageGuid: string, channel: ChannelName): VersionRow | null => {
      const guid = current(imageGuid, channel);
      return guid === null ? null : repo.versionByGuid(guid) ?? null;
    },
    set(image: ImageRow, channel: ChannelName, version: VersionRow | null, actor: string): Undoable {
      if (version !== null) requireUsable(image, version, channel);
      return put(image, { channel, to: version?.guid ?? null, back: false }, { actor, message: version === null ? `${words[channel]} names no version any more` : `${words[channel]} is version ${version.number}` });
    },
    /** What is under test goes live. */
    promote(image: ImageRow, actor: string): Undoable {
      const version = this.named(image.guid, 'test');
      if (version === null) throw new AppError('conflict', `"${image.name}" has no version under test, so there is nothing to promote. Set Test first.`, { imageGuid: image.guid });
      requireUsable(image, version, 'live');
      return put(image, { channel: 'live', to: version.guid, back: false }, { actor, message: `Version ${version.number} was promoted from Test to Live` });
    },
    rollBack(image: ImageRow, channel: ChannelName, actor: string): Undoable {
      const now = current(image.guid, channel);
      const guid = beforeThat(events.history('image', image.guid), channel, (each) => each !== now && repo.versionByGuid(each)?.trashed_at === null);
      const version = guid === null ? undefined : repo.versionByGuid(guid);
      if (version === undefined) throw new AppError('conflict', `${words[channel]} of "${image.name}" named no other version before that is still there. Set it by hand.`, { imageGuid: image.guid, channel });
      requireUsable(image, version, channel);
      return put(image, { channel, to: version.guid, back: true }, { actor, message: `${words[channel]} was rolled back to version ${version.number}` });
    },
    setKind(image: ImageRow, kind: (typeof imageKinds)[number], actor: string): Undoable {
      if (image.kind === kind) return { undo: null };
      const message = kind === 'backup' ? 'It is a backup now: it stays where it was captured unless told otherwise' : 'It is an image now';
      const kept = repo.transaction(() => {
        repo.setKind(image.guid, kind);
        events.record({ actor, entity: 'image', id: image.guid, kind: 'kind', message, data: { kind } });
        return undo?.keep('image.kind', { actor, label: `${image.name}: ${kind === 'backup' ? 'a backup' : 'an image'}`, payload: { imageGuid: image.guid, from: image.kind, to: kind } }) ?? null;
      });
      events.changed('image', image.guid);
      return { undo: kept };
    },
  };
}
