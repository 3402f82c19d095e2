// Owns how commands name what they act on: an image, or one version of it, looked up once by what a person typed.
import type { Api } from './client.ts';
import type { CommandContext } from './command.ts';
import { numberOf } from './inputs.ts';
import { quote } from './locate.ts';
import { printable } from './table.ts';

export const IMAGE = { name: 'IMAGE', required: true } as const;
export const versionOption = { version: { value: 'N', help: 'this version alone' } } as const;

export type ImageSubject = {
  calls: Api;
  image: Awaited<ReturnType<Api['images']['get']['query']>>;
  /** By GUID: nobody's rename in between changes what is meant. */
  reference: { image: string; version?: number };
  /** For sentences: "Lab Win11 v3". */
  words: string;
  /** For a command that a person may copy: "'Lab Win11' --version 3". */
  typed: string;
};

export async function imageSubject({ api, input }: CommandContext): Promise<ImageSubject> {
  const version = numberOf(input, 'version', { least: 1 });
  const calls = await api();
  const asked = input.positionals[0] ?? '';
  const image = await calls.images.get.query({ image: asked });
  const name = printable(image.name);
  return {
    calls, image,
    reference: { image: image.guid, ...(version === undefined ? {} : { version }) },
    words: version === undefined ? name : `${name} v${version}`,
    typed: `${quote(asked)}${version === undefined ? '' : ` --version ${version}`}`,
  };
}
