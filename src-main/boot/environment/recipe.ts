// Owns the recipe: which programs, kernel modules and files the boot environment is made of. What was really used, with versions and
// checksums, is written beside the result.
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const absolute = z.string().startsWith('/');
const tools = z.record(z.string(), z.array(absolute).min(1));
const loaders = z.record(z.string(), z.object({ package: z.string(), suites: z.array(z.string()).min(1), file: absolute, purpose: z.string() }));
const recipeSchema = z.object({
  /** A package whose dependencies name the kernel of now. */
  kernel: z.object({ meta: z.string() }),
  /** By package: the files taken from it. Their libraries follow by themselves. */
  tools,
  /** Packages used while building, of which nothing goes in. */
  build: z.array(z.string()),
  /** By the name they are asked for. The first suite that has the package is taken. */
  loaders,
  /** The same for boot media: what computers start that have no network boot. Never served. */
  media: loaders,
  /** By purpose: names, or folders that end in a slash. */
  modules: z.record(z.string(), z.array(z.string())),
  /** Packages of firmware that may be given on, from a part of the archive of its own. of: modules whose firmware is in the base. */
  firmware: z.object({ suites: z.array(z.string()).min(1), component: z.string(), packages: z.array(z.string()), of: z.array(z.string()) }),
  /** By the name that platen.keyboard= takes: a keymap of the unpacked packages, translated by their own loadkeys. */
  keyboards: z.object({ loadkeys: absolute, maps: z.record(z.string().regex(/^[a-z]{1,8}$/), absolute) }),
  /** Archives beside the base, for what few computers and jobs need. firmwareOf: modules, of the base as well, whose firmware is in it. */
  addOns: z.record(z.string().regex(/^[a-z-]{1,20}$/), z.object({ purpose: z.string(), tools, modules: z.array(z.string()), firmwareOf: z.array(z.string()) })),
});
export type Recipe = z.infer<typeof recipeSchema>;

export function readRecipe(path: string): Recipe {
  return recipeSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
}
