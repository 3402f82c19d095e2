// Backup of this server: what the last one was, and the exact command that makes one. The command line seals the file, so that the
// passphrase never comes to the server, nor here; it shows progress, rate and time left.
import { Switch, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import type { ServerStatus } from '#shared/model/server.ts';
import { formatBytes } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { shownError } from '../errors.ts';
import { Command } from '../ui/CopyText.tsx';
import { ErrorBlock, WarningLine } from '../ui/ErrorBlock.tsx';
import { Facts, FactsSkeleton } from '../ui/Facts.tsx';
import { PageBody, Section } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { backupCommand, onlyHere, proposedFile } from './backupCommand.ts';
import classes from './BackupTab.module.css';

const mostNamed = 5;

export function BackupTab() {
  const trpc = useTRPC();
  const status = useQuery(trpc.status.get.queryOptions());
  if (status.data === undefined) return <PageBody>{status.isError ? <ErrorBlock title="The server could not be asked" error={shownError(status.error)} onRetry={() => void status.refetch()} /> : <FactsSkeleton rows={4} />}</PageBody>;
  return (
    <PageBody>
      <Section title="Last backup"><LastBackup status={status.data} /></Section>
      <Section title="Make a backup"><Make status={status.data} /></Section>
      <Section title="Restore"><p className={classes['text']}>A backup is restored into an empty folder, on this machine or another one: <span className="mono">platen backup restore FILE --data FOLDER</span>. What it calls proved is not believed until it was re-hashed. <Link href="/help/backup">Backup, and moving the console</Link></p></Section>
    </PageBody>
  );
}

function LastBackup({ status }: { status: ServerStatus }) {
  const trpc = useTRPC();
  const history = useQuery(trpc.servers.history.queryOptions({ server: status.serverId }));
  if (history.data === undefined) return history.isError ? <ErrorBlock title="When the last backup was made could not be read" error={shownError(history.error)} onRetry={() => void history.refetch()} /> : <FactsSkeleton rows={1} />;
  const last = history.data.filter((event) => event.kind === 'backup').toSorted((left, right) => right.at - left.at)[0];
  if (last === undefined) return <div className={classes['last']}><StateMark tone="warn">No backup of this server was made yet</StateMark></div>;
  return (
    <Facts facts={[
      { name: 'Sent', value: <><When at={last.at} /> <span className="dim">to {last.actor}</span></> }, { name: 'Holds', value: last.data['images'] === true ? 'Images too' : 'The names of the images, not the images' },
      { name: 'Whole?', value: <>That the file arrived whole shows the command itself, and later <span className="mono">platen backup show FILE</span>. Look at the copy you keep.</> },
    ]}
    />
  );
}

function Make({ status }: { status: ServerStatus }) {
  const trpc = useTRPC();
  const matrix = useQuery(trpc.replication.matrix.queryOptions({})).data;
  const [file, setFile] = useState(() => proposedFile(Date.now()));
  const [withImages, setWithImages] = useState(false);
  const [passphraseFile, setPassphraseFile] = useState('');
  const alone = matrix === undefined ? [] : onlyHere(matrix, status.serverId);
  return (
    <div className={classes['make']}>
      <p className={classes['text']}>One file with the database, the keys and the settings, written by this command on the machine of this server ({status.name}). Where you give a passphrase, it encrypts the file there: that never leaves the machine. The server goes on working; the command shows progress, rate and time left.</p>
      {file.trim() !== '' && <Command text={backupCommand({ file, dataFolder: status.dataFolder, withImages, passphraseFile })} />}
      <p className="dim">Run it in a terminal there, as the user who runs the server. For one each night, call it from a timer of the system: <Link href="/help/backup">an example</Link>.</p>
      <TextInput label="File" description="A file that is there already is not replaced. One on another machine’s disk survives this machine." value={file} onChange={(event) => setFile(event.currentTarget.value)} error={file.trim() === '' ? 'Say where the file is to be written.' : null} />
      <Switch label="With images" description={withImages ? `Everything in the image store is in the file: about ${formatBytes(status.store.packBytes)}.` : 'Images are only named, and copied back from the servers that hold them.'} checked={withImages} onChange={(event) => setWithImages(event.currentTarget.checked)} />
      {!withImages && alone.length > 0 && <WarningLine>{alone.length === 1 ? '1 version is' : `${alone.length} versions are`} proved at no other server, and would not be in this backup: {alone.slice(0, mostNamed).join(', ')}{alone.length > mostNamed && ` and ${alone.length - mostNamed} more`}. Add the images, or let another server hold {alone.length === 1 ? 'it' : 'them'}.</WarningLine>}
      <TextInput label="Passphrase file" description="A file there whose first line is the passphrase, at least 8 characters. Keep the passphrase elsewhere, too: without it nothing in the backup can be read." placeholder="/root/platen.pass" value={passphraseFile} onChange={(event) => setPassphraseFile(event.currentTarget.value)} />
      {passphraseFile.trim() === '' && <WarningLine>Without a passphrase it is not encrypted: whoever has the file can be this server.</WarningLine>}
    </div>
  );
}
