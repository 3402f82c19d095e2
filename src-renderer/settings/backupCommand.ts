// Pure: the exact command that backs up this server, quoted for a shell, and what a backup without images would not bring back.
import type { MatrixRow } from '#shared/model/replication.ts';
import { quoted } from '../images/agentCommand.ts';

export type BackupCommand = { file: string; dataFolder: string; withImages: boolean; passphraseFile: string };

export function backupCommand({ file, dataFolder, withImages, passphraseFile }: BackupCommand): string {
  return ['platen', 'backup', 'create', quoted(file.trim()), ...(withImages ? ['--with-images'] : []), ...(passphraseFile.trim() === '' ? [] : ['--passphrase-file', quoted(passphraseFile.trim())]), '--data', quoted(dataFolder)].join(' ');
}

/** "/backup/platen-2026-11-21.plb" */
export function proposedFile(now: number): string {
  const date = new Date(now);
  const two = (part: number): string => String(part).padStart(2, '0');
  return `/backup/platen-${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}.plb`;
}

/** Proved on this server and nowhere else: lost with it, where the backup only names them. */
export function onlyHere(rows: readonly Pick<MatrixRow, 'imageName' | 'number' | 'cells'>[], serverId: string): string[] {
  return rows.filter((row) => row.cells.some((cell) => cell.serverId === serverId && cell.state !== 'absent') && row.cells.every((cell) => cell.serverId === serverId || cell.state !== 'ready'))
    .map((row) => `${row.imageName} version ${row.number}`);
}
