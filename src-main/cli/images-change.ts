// Owns `platen image` where it changes something: delete and its undoing, enable, protect, rename, note.
import type { Command, CommandContext, Outcome } from './command.ts';
import { IMAGE, imageSubject, versionOption } from './image-subject.ts';
import { usage } from './usage.ts';
import { printable } from './table.ts';
import { formatTime } from './words.ts';

export const imageDelete: Command = {
  path: ['image', 'delete'],
  summary: 'put an image or a version into the trash (undelete takes it back)',
  description: 'Puts an image, or one version of it, into the trash. It can be taken back with undelete until the trash lets go of it (setting trashDays). With --purge it leaves the trash at once and for good: '
    + 'that asks, and needs --yes where nobody can be asked. A protected image is refused.',
  positionals: [IMAGE],
  options: { ...versionOption, purge: { help: 'for good: not to the trash, and out of it' }, yes: { help: 'do not ask' } },
  examples: ["platen image delete 'Lab Win11' --version 2", "platen image delete 'Lab Win11'", "platen image delete 'Lab Win11' --purge --yes"],
  run: async (context) => {
    if (context.input.switches.has('purge')) return await purge(context);
    const { calls, reference, words, typed } = await imageSubject(context);
    const result = await calls.images.delete.mutate(reference);
    return { json: result, text: `${words} is in the trash until ${formatTime(result.deleteAfter)}. To take it back:\n  platen image undelete ${typed}` };
  },
};

export const imagePurge: Command = {
  path: ['image', 'purge'],
  summary: 'delete an image or a version for good, in the trash or not',
  description: 'Deletes an image, or one version of it, for good. This cannot be undone. It asks, and needs --yes where nobody can be asked. A protected image is refused.',
  positionals: [IMAGE],
  options: { ...versionOption, yes: { help: 'do not ask' } },
  examples: ["platen image purge 'Lab Win11' --version 2", "platen image purge 'Lab Win11' --yes"],
  run: purge,
};

async function purge(context: CommandContext): Promise<Outcome> {
  const { calls, image, reference, words, typed } = await imageSubject(context);
  if (!context.input.switches.has('yes')) {
    if (!context.interactive) throw usage(`Deleting ${words} for good cannot be undone, and nobody can be asked here: add --yes.`, 'platen image purge');
    const what = reference.version === undefined && image.versions.length > 1 ? `${words} with all its ${image.versions.length} versions` : words;
    if (!(await context.confirm(`Delete ${what} for good? This cannot be undone.`))) {
      return { json: { purged: null }, text: `Nothing was deleted. To put it into the trash instead:\n  platen image delete ${typed}`, exitCode: 3 };
    }
  }
  const version = image.versions.find((each) => each.number === reference.version);
  const inTrash = image.trashedAt !== null || (version !== undefined && version.trashedAt !== null);
  // Only the trash lets go of something for good; what cannot go from there (a run uses it) must not stay there either.
  if (!inTrash) await calls.images.delete.mutate(reference);
  await calls.images.purge.mutate(reference).catch(async (error: unknown) => {
    if (!inTrash) await calls.images.undelete.mutate(reference);
    throw error;
  });
  return { json: { purged: reference }, text: `${words} is deleted for good.` };
}

export const imageUndelete: Command = {
  path: ['image', 'undelete'],
  summary: 'take an image or a version out of the trash',
  description: 'Takes an image, or one version of it, out of the trash, as it was. `platen image list --trash` shows what is there.',
  positionals: [IMAGE],
  options: versionOption,
  examples: ["platen image undelete 'Lab Win11'", "platen image undelete 'Lab Win11' --version 2"],
  run: async (context) => {
    const { calls, reference, words } = await imageSubject(context);
    await calls.images.undelete.mutate(reference);
    return { json: { undeleted: reference }, text: `${words} is back.` };
  },
};

function enabling(word: 'enable' | 'disable', enabled: boolean): Command {
  return {
    path: ['image', word],
    summary: enabled ? 'let an image or a version be deployed again' : 'keep an image or a version from being deployed',
    description: enabled
      ? 'Lets an image, or one version of it, be deployed again.'
      : 'Keeps an image, or one version of it, from being deployed. Nothing is deleted. Deploying an image whose newest version is disabled takes the newest enabled one.',
    positionals: [IMAGE],
    options: versionOption,
    examples: [`platen image ${word} 'Lab Win11'`, `platen image ${word} 'Lab Win11' --version 3`],
    run: async (context) => {
      const { calls, reference, words, typed } = await imageSubject(context);
      await calls.images.setEnabled.mutate({ ...reference, enabled });
      return { json: { ...reference, enabled }, text: enabled ? `${words} can be deployed.` : `${words} is not deployed any more. To allow it again:\n  platen image enable ${typed}` };
    },
  };
}
export const imageEnable = enabling('enable', true);
export const imageDisable = enabling('disable', false);

function protecting(word: 'protect' | 'unprotect', isProtected: boolean): Command {
  return {
    path: ['image', word],
    summary: isProtected ? 'refuse every deletion of an image' : 'allow an image to be deleted again',
    description: isProtected ? 'Refuses every deletion of the image and of its versions until it is unprotected.' : 'Allows the image and its versions to be deleted again.',
    positionals: [IMAGE],
    options: isProtected ? { off: { help: 'take the protection off (the same as unprotect)' } } : {},
    examples: [`platen image ${word} 'Lab Win11'`],
    run: async (context) => {
      const { calls, image, words } = await imageSubject(context);
      const on = isProtected && !context.input.switches.has('off');
      await calls.images.setProtected.mutate({ image: image.guid, protected: on });
      return { json: { image: image.guid, protected: on }, text: on ? `${words} is protected: deleting it is refused.` : `${words} is not protected any more.` };
    },
  };
}
export const imageProtect = protecting('protect', true);
export const imageUnprotect = protecting('unprotect', false);

export const imageRename: Command = {
  path: ['image', 'rename'],
  summary: 'give an image another name',
  description: 'Gives an image another name. Its identity (GUID), versions and history stay.',
  positionals: [IMAGE, { name: 'NEW-NAME', required: true }],
  options: {},
  examples: ["platen image rename 'Lab Win11' 'Lab Win11 autumn'"],
  run: async (context) => {
    const { calls, image, words } = await imageSubject(context);
    const name = (context.input.positionals[1] ?? '').trim();
    await calls.images.rename.mutate({ image: image.guid, name });
    return { json: { image: image.guid, name, formerName: image.name }, text: `${words} is now called ${printable(name)}.` };
  },
};

export const imageNote: Command = {
  path: ['image', 'note'],
  summary: "set an image's description, or a version's note",
  description: "Sets the image's description or, with --version, the note of that version. An empty text ('') removes it.",
  positionals: [IMAGE, { name: 'TEXT', required: false }],
  options: versionOption,
  examples: ["platen image note 'Lab Win11' 'Room 12, with the CAD licence'", "platen image note 'Lab Win11' --version 3 'before the driver update'"],
  run: async (context) => {
    const text = context.input.positionals[1];
    if (text === undefined) throw usage("platen image note needs TEXT ('' removes the note).", 'platen image note');
    const { calls, image, reference, words } = await imageSubject(context);
    const { version } = reference;
    if (version === undefined) await calls.images.describe.mutate({ image: image.guid, description: text });
    else await calls.images.setNote.mutate({ image: image.guid, version, note: text });
    return { json: { ...reference, note: text }, text: text === '' ? `The note of ${words} is removed.` : `The note of ${words} is set.` };
  },
};
