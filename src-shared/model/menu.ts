// Owns the portal's menu: a pure function of the job tree, the settings and the person. The console's preview and every portal
// show what this returns and nothing else. Rules are in docs/design/portal.md, each with a row in menu.test.ts.
import { z } from 'zod';

/** The tag that publishes a job or folder, anywhere in its name. */
export const PORTAL_TAG = '(MI)';

export const menuItemSchema = z.object({
  kind: z.literal('item'),
  /** "job/<id>" or "folder/<id>": what is picked. */
  id: z.string(), label: z.string(),
  /** Jobs it runs, in order (one for a job). */
  jobs: z.number().int().positive(),
  /** What it does to the disks in a few words: "deploys, erases 1 disk", "runs a script". */
  effect: z.string(), erases: z.boolean(),
  /** Smallest disk it needs; null where nothing is deployed. */
  needsBytes: z.number().nullable(),
  /** Why it can't be picked now; shown with the item. */
  problem: z.string().nullable(),
});
export type MenuItem = z.infer<typeof menuItemSchema>;
export type MenuFolder = { kind: 'folder'; id: string; label: string; children: MenuNode[] };
export type MenuNode = MenuItem | MenuFolder;
export const menuNodeSchema: z.ZodType<MenuNode> = z.lazy(() => z.discriminatedUnion('kind', [
  menuItemSchema,
  z.object({ kind: z.literal('folder'), id: z.string(), label: z.string(), children: z.array(menuNodeSchema) }),
]));

export type MenuSourceFolder = { id: string; parentId: string | null; name: string; description: string; showInPortal: boolean };
export type MenuSourceJob = {
  id: string; folderId: string | null; name: string; description: string; showInPortal: boolean;
  effects: readonly ('capture' | 'deploy' | 'script' | 'message' | 'power')[]; needsBytes: number | null; problem: string | null;
};
export type MenuSource = { folders: readonly MenuSourceFolder[]; jobs: readonly MenuSourceJob[] };
export type MenuSettings = { layout: 'flat' | 'folders'; /** Only what lies under this folder is looked at. */ rootFolderId: string | null };
/** Which folders' and jobs' items the person may schedule; null: all. Subfolders are included. */
export type MenuPerson = { may: readonly string[] | null };
