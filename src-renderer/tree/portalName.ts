// Pure: the name of a published job or folder without its tag, which the tree shows at the right instead.
import { withoutTag } from '#shared/model/menu.ts';

/** "Win11 lab (MI)" → "Win11 lab"; a job named just "(MI)" keeps its name. */
export function portalName(name: string): string {
  return withoutTag(name) || name;
}
