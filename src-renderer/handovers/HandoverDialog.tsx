// The wizard of a hand-over: who is the new owner, what would happen, image by image and server by server, then begin.
import { Button, Checkbox, Modal, Select } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation } from 'wouter';
import type { HandoverRequest, PackageServer } from '#shared/model/replication.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import { serverState } from '../servers/serverWords.ts';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { HandoverPreviewView, PreviewSkeleton } from './HandoverPreviewView.tsx';
import { openHandover, useHandoverSubject } from './handoverStore.ts';
import type { HandoverSubject } from './handoverStore.ts';
import { useHandoverActions } from './useHandoverActions.ts';
import classes from './Handovers.module.css';

export function HandoverDialog() {
  const subject = useHandoverSubject();
  const close = (): void => openHandover(null);
  return (
    <Modal opened={subject !== null} onClose={close} size={820} yOffset="5vh" title={subject === null ? '' : titleOfWizard(subject)} closeButtonProps={{ 'aria-label': 'Close' }}>
      {subject !== null && <Wizard key={JSON.stringify(subject)} subject={subject} onClose={close} />}
    </Modal>
  );
}

function titleOfWizard(subject: HandoverSubject): string {
  if (subject.kind === 'take-ownership') return `Take ownership of ${subject.images.length === 1 ? subject.images[0]?.name ?? '' : `${subject.images.length} images`}`;
  return { retire: `Retire ${subject.server.name}`, replace: `Replace ${subject.server.name}`, recover: `Recover the images of ${subject.server.name}` }[subject.kind];
}

const intro: Record<HandoverSubject['kind'], string> = {
  'take-ownership': 'Every version is copied to the new owner and proved there; only then does the image change hands. Where images go, and what other servers hold, stays as it is.',
  retire: 'Everything it owns is copied to its new owner, proved there, and handed over, image by image. Then you let it go. Until then everything can be given back.',
  replace: 'Everything it owns goes to one server, which also takes its place: site, limit, what is assigned to it, and the rules and edge servers that lead to it. Then you let the old one go.',
  recover: 'For a server that is gone for good. Nothing is asked of it: its images go, with the same identity, to servers that hold a proved copy.',
};

function Wizard({ subject, onClose }: { subject: HandoverSubject; onClose: () => void }) {
  const trpc = useTRPC();
  const connected = useConnected();
  const [, navigate] = useLocation();
  const actions = useHandoverActions();
  const servers = useQuery(trpc.servers.list.queryOptions());
  const [to, setTo] = useState<string | null>(null);
  const [acceptLoss, setAcceptLoss] = useState(false);
  const request = requestOf(subject, to, acceptLoss);
  const preview = useQuery(trpc.handovers.preview.queryOptions(request ?? { kind: 'retire', from: '', to: null }, { enabled: request !== null, placeholderData: keepPreviousData, retry: false }));
  const told = request === null ? undefined : preview.data;
  const title = titleOfWizard(subject);
  const begin = async (): Promise<void> => {
    if (request === null || told === undefined || told.blocked || preview.isPlaceholderData) return;
    const begun = await actions.begin(request, told.digest, title);
    if (begun === null) return;
    onClose();
    navigate(`/handover/${begun.id}`);
  };
  const chooses = subject.kind === 'retire' || subject.kind === 'recover';
  return (
    <form className={classes['form']} onSubmit={(event) => { event.preventDefault(); void begin(); }}>
      <p>{intro[subject.kind]}</p>
      <Select
        label={subject.kind === 'replace' ? 'New server' : 'New owner'} data-autofocus searchable openOnFocus={false} clearable={chooses} checkIconPosition="right" placeholder={chooses ? 'Whichever holds most of it already' : 'Choose a server'}
        data={targetsFor(subject, servers.data ?? [])} value={to} onChange={setTo} nothingFoundMessage="No server fits" maxDropdownHeight={260} comboboxProps={{ withinPortal: false }}
      />
      {subject.kind === 'recover' && <Checkbox size="xs" label="Also where versions are proved nowhere" description="They stay listed as lost, and the rest is recovered." checked={acceptLoss} onChange={(event) => setAcceptLoss(event.currentTarget.checked)} />}
      {request === null ? <p className="dim">Choose the server to see what will happen.</p> : preview.isError ? (
        <ErrorBlock title="What this would do could not be told" error={shownError(preview.error)} onRetry={() => void preview.refetch()} />
      ) : told === undefined ? <PreviewSkeleton /> : <HandoverPreviewView preview={told} servers={servers.data ?? []} stale={preview.isPlaceholderData} />}
      {actions.failure !== null && <ErrorBlock title={actions.failure.title} error={actions.failure.error} onDismiss={actions.dismiss} />}
      <div className={classes['buttons']}>
        <Button variant="default" onClick={onClose}>Close</Button>
        <Button type="submit" disabled={!connected || told === undefined || told.blocked || told.images.length === 0 && subject.kind === 'take-ownership' || preview.isPlaceholderData} loading={actions.busy === 'begin'}>{buttonOf(subject)}</Button>
      </div>
    </form>
  );
}

function buttonOf(subject: HandoverSubject): string {
  if (subject.kind === 'take-ownership') return `Hand over ${subject.images.length === 1 ? 'the image' : `${subject.images.length} images`}`;
  return { retire: `Begin to retire ${subject.server.name}`, replace: `Begin to replace ${subject.server.name}`, recover: 'Recover the images' }[subject.kind];
}

/** Null while something is still to be chosen. */
function requestOf(subject: HandoverSubject, to: string | null, acceptLoss: boolean): HandoverRequest | null {
  switch (subject.kind) {
    case 'take-ownership': return to === null ? null : { kind: 'take-ownership', images: subject.images.map((image) => image.guid), to };
    case 'retire': return { kind: 'retire', from: subject.server.id, to };
    case 'replace': return to === null ? null : { kind: 'replace', from: subject.server.id, to };
    case 'recover': return { kind: 'recover', from: subject.server.id, to, acceptLoss };
  }
}

/** Those that could be it, with their state where they are away; the console takes no package server's place. */
function targetsFor(subject: HandoverSubject, servers: readonly PackageServer[]): { value: string; label: string }[] {
  const from = subject.kind === 'take-ownership' ? null : subject.server.id;
  return servers.filter((server) => server.id !== from && server.state === 'joined' && (subject.kind !== 'replace' || !server.isSelf))
    .map((server) => ({ value: server.id, label: `${server.name}${server.isSelf ? ' (this console)' : server.siteName === null ? '' : `, ${server.siteName}`}${server.connected ? '' : `, ${serverState(server).word.toLowerCase()}`}` }));
}
