import { expect, it } from 'vitest';
import type { MatrixRow } from '#shared/model/replication.ts';
import { backupCommand, onlyHere, proposedFile } from './backupCommand.ts';

it('is the command to run, quoted for a shell, on the data folder of this server', () => {
  expect(backupCommand({ file: ' /mnt/a b.plb ', dataFolder: '/srv/platen', withImages: false, passphraseFile: '' })).toBe("platen backup create '/mnt/a b.plb' --data /srv/platen");
  expect(backupCommand({ file: 'x.plb', dataFolder: '/srv/platen', withImages: true, passphraseFile: '/root/p' })).toBe('platen backup create x.plb --with-images --passphrase-file /root/p --data /srv/platen');
});

it('proposes a file named after the day', () => {
  expect(proposedFile(new Date(2026, 0, 5, 12).getTime())).toBe('/backup/platen-2026-01-05.plb');
});

it('names the versions that no other server has proved', () => {
  const cell = (serverId: string, state: MatrixRow['cells'][number]['state']) => ({ serverId, state, assigned: true, provedAt: null, problem: null });
  const rows = [[cell('me', 'ready'), cell('ps', 'ready')], [cell('me', 'ready'), cell('ps', 'verifying')], [cell('me', 'verifying')], [cell('me', 'absent'), cell('ps', 'copying')]].map((cells, index) => ({ imageName: 'Lab', number: index + 1, cells }));
  expect(onlyHere(rows, 'me')).toEqual(['Lab version 2', 'Lab version 3']);
});
