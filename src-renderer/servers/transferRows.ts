// Pure: what is on its way everywhere as rows, what moves first; and which transfers of the past are shown.
import type { Moving, Transfer } from '#shared/model/replication.ts';

export type MovingRow = Moving & { key: string; toId: string; toName: string; /** Names of the sources, who gave most first. */ from: { name: string; bytes: number }[] };
/** server: its id, as where it goes or where it comes from; '' for all. */
export type TransferFilter = { text: string; server: string };

const stage = (row: Moving): number => (row.waitingFor !== null ? 3 : { copying: 0, verifying: 1, queued: 2 }[row.state]);

export function movingRows(servers: readonly { serverId: string; serverName: string; moving: readonly Moving[] }[], names: ReadonlyMap<string, string>): MovingRow[] {
  return servers.flatMap(({ serverId, serverName, moving }) => moving.map((each): MovingRow => ({
    ...each, key: `${serverId} ${each.versionGuid}`, toId: serverId, toName: serverName,
    from: each.sources.toSorted((left, right) => right.bytes - left.bytes).map((source) => ({ name: names.get(source.serverId) ?? 'a server that is gone', bytes: source.bytes })),
  }))).toSorted((left, right) => stage(left) - stage(right));
}

export function shownMoving(rows: readonly MovingRow[], { text, server }: TransferFilter): MovingRow[] {
  return rows.filter((row) => (server === '' || row.toId === server || row.sources.some((source) => source.serverId === server)) && fits(text, [row.imageName, row.toName, row.waitingFor ?? '', ...row.from.map((source) => source.name)]));
}
/** outcome: '' for every one. */
export function shownTransfers(rows: readonly Transfer[], { text, server, outcome }: TransferFilter & { outcome: string }): Transfer[] {
  return rows.filter((row) => (outcome === '' || row.outcome === outcome) && (server === '' || row.serverId === server || row.sources.some((source) => source.serverId === server)) && fits(text, [row.imageName, row.serverName, row.problem ?? '', ...row.sources.map((source) => source.serverName)]));
}

function fits(text: string, words: readonly string[]): boolean {
  const wanted = text.trim().toLocaleLowerCase();
  return wanted === '' || words.some((word) => word.toLocaleLowerCase().includes(wanted));
}
