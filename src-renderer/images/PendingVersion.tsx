// A version that waits to be validated: where it comes from and what keeps it, the commands of its menu, and the dialogs that say what
// taking or refusing it does.
import { Button, Menu, Modal, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { ImageDetail, VersionSummary } from '#shared/model/image.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { notYet, originName, rejectionLines, validationLines } from './pendingWords.ts';
import { TestDeployDialog } from './TestDeployDialog.tsx';
import { useImageActions } from './useImageActions.tsx';
import classes from './PendingVersion.module.css';

type Asked = 'validate' | 'reject' | 'test' | null;
export type Pending = {
  origin: string; /** What keeps it from being validated or tried yet. */ why: string | null;
  /** Only the console takes or refuses; a package server shows where it waits. */ decidesHere: boolean; asked: Asked; ask: (asked: Asked) => void;
};

/** Null for every other version. */
export function usePending(image: ImageDetail, version: VersionSummary): Pending | null {
  const trpc = useTRPC();
  const waits = version.pending && version.trashedAt === null && image.trashedAt === null;
  const [asked, ask] = useState<Asked>(null);
  const status = useQuery(trpc.status.get.queryOptions(undefined, { enabled: waits })).data;
  const servers = useQuery(trpc.servers.list.queryOptions(undefined, { enabled: waits })).data;
  const names = useMemo(() => new Map([...image.copies.map((copy) => [copy.serverId, copy.serverName] as const), ...(servers ?? []).map((server) => [server.id, server.name] as const)]), [image.copies, servers]);
  if (!waits) return null;
  return { origin: originName(version, names), why: status === undefined ? null : notYet(image, version, status.serverId), decidesHere: status !== undefined && status.console === null, asked, ask };
}

export function PendingNote({ pending }: { pending: Pending }) {
  return <small className={classes['origin']}>Captured at {pending.origin}, waits to be validated{pending.decidesHere ? (pending.why === null ? '' : `: ${pending.why}`) : ' at the console'}</small>;
}

export function PendingCommands({ pending }: { pending: Pending }) {
  const connected = useConnected();
  if (!pending.decidesHere) return null;
  return (
    <>
      <Menu.Item disabled={!connected || pending.why !== null} onClick={() => pending.ask('validate')}>Validate…</Menu.Item>
      <Menu.Item disabled={!connected || pending.why !== null} onClick={() => pending.ask('test')}>Test deploy…</Menu.Item>
      <Menu.Item disabled={!connected} onClick={() => pending.ask('reject')}>Reject…</Menu.Item>
      <Menu.Divider />
    </>
  );
}

type Props = { image: ImageDetail; version: VersionSummary; pending: Pending };

export function PendingDialogs({ image, version, pending }: Props) {
  const close = (): void => pending.ask(null);
  return (
    <>
      <Modal opened={pending.asked === 'validate'} onClose={close} size={560} title={`Validate ${image.name}, version ${version.number}`} closeButtonProps={{ 'aria-label': 'Close' }}><Validate image={image} version={version} pending={pending} /></Modal>
      <Modal opened={pending.asked === 'reject'} onClose={close} size={560} title={`Reject ${image.name}, version ${version.number}`} closeButtonProps={{ 'aria-label': 'Close' }}><Reject image={image} version={version} pending={pending} /></Modal>
      <TestDeployDialog opened={pending.asked === 'test'} image={image} version={version} onClose={close} />
    </>
  );
}

function Validate({ image, version, pending }: Props) {
  const actions = useImageActions();
  const connected = useConnected();
  return (
    <form className={classes['form']} onSubmit={(event) => { event.preventDefault(); pending.ask(null); actions.validate({ image: image.guid, name: image.name, version: version.number, guid: version.guid }); }}>
      <p>It was captured at {pending.origin} by {version.capturedBy}, from {version.computerName}. All of it was re-hashed on this console.</p>
      <ul className={classes['lines']} aria-label="What will happen">{validationLines(image, version).map((line) => <li key={line}>{line}</li>)}</ul>
      <div className={classes['buttons']}>
        <Button variant="subtle" color="gray" mr="auto" onClick={() => pending.ask('test')}>Test deploy first…</Button>
        <Button variant="default" data-autofocus onClick={() => pending.ask(null)}>Cancel</Button>
        <Button type="submit" disabled={!connected}>Validate version {version.number}</Button>
      </div>
    </form>
  );
}

function Reject({ image, version, pending }: Props) {
  const trpc = useTRPC();
  const actions = useImageActions();
  const connected = useConnected();
  const settings = useQuery(trpc.settings.get.queryOptions()).data;
  const [reason, setReason] = useState('');
  return (
    <form className={classes['form']} onSubmit={(event) => { event.preventDefault(); pending.ask(null); actions.reject({ image: image.guid, name: image.name, version: version.number, guid: version.guid, reason: reason.trim() }); }}>
      <ul className={classes['lines']} aria-label="What will happen">{rejectionLines(image, version, { origin: pending.origin, days: settings?.trashDays ?? null }).map((line) => <li key={line}>{line}</li>)}</ul>
      <TextInput label="Reason" description="Kept in the history of the image." data-autofocus maxLength={1000} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
      <div className={classes['buttons']}>
        <Button variant="default" onClick={() => pending.ask(null)}>Cancel</Button>
        <Button type="submit" color="red" disabled={!connected}>Reject version {version.number}</Button>
      </div>
    </form>
  );
}
