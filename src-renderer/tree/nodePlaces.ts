// What the console knows of a node by its id: which image it stands for. Ids are addresses ("image/<guid>").

export function imageOfNode(id: string): string | null {
  return /^image\/(.+)$/.exec(id)?.[1] ?? null;
}
