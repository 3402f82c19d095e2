// Pure: what the console knows of a node by its id alone, which is its address ("image/<guid>"), and what can be done to it.

export function imageOfNode(id: string): string | null {
  return /^image\/(.+)$/.exec(id)?.[1] ?? null;
}
/** "computer" of "computer/<id>"; a root such as "jobs", and *New computers* ("group/new"), as they are. */
export function kindOf(id: string): string {
  return id === 'group/new' ? id : (id.split('/')[0] ?? '');
}
/** The part after the kind; null for roots and *New computers*. */
export function keyOf(id: string): string | null {
  return id === 'group/new' ? null : (id.split('/')[1] ?? null);
}
export function isComputerItem(id: string): boolean {
  return kindOf(id) === 'computer' || kindOf(id) === 'group';
}
export function isJobItem(id: string): boolean {
  return kindOf(id) === 'job' || kindOf(id) === 'folder';
}
/** Has a name of its own that one may change, and can be moved to the trash. */
export function isObject(id: string): boolean {
  return isComputerItem(id) || isJobItem(id) || imageOfNode(id) !== null;
}
/** Objects that one selects together: computers with groups, jobs with folders, images with images. */
export function isOfOneKind(left: string, right: string): boolean {
  return (isComputerItem(left) && isComputerItem(right)) || (isJobItem(left) && isJobItem(right)) || (imageOfNode(left) !== null && imageOfNode(right) !== null);
}

const withPages = new Set(['image', 'computer', 'server', 'run', 'group', 'folder', 'job', 'site']);
/** Pages that have no node of their own and belong to *Package servers*. */
const ofServers = new Set(['matrix', 'transfers', 'handovers', 'handover', 'sites', 'templates', 'template', 'rules']);
/** The node of an address: "/image/<guid>/versions" is "image/<guid>"; '' for Home. */
export function nodeOfLocation(location: string): string {
  const [kind = '', id] = location.slice(1).split('/');
  if (id !== undefined && withPages.has(kind)) return `${kind}/${id}`;
  return ofServers.has(kind) ? 'servers' : kind;
}
