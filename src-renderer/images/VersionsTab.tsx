// The versions of an image: state, what each added, its note; verify, enable, delete and restore one by one.
import { ActionIcon, Button, Menu, Skeleton } from '@mantine/core';
import { IconDots } from '@tabler/icons-react';
import type { ImageDetail, VersionSummary } from '#shared/model/image.ts';
import { formatBytes, formatRate, formatTimeLeft } from '#shared/units.ts';
import { useConnected } from '../app/connection.tsx';
import { ProgressBar } from '../ui/Bars.tsx';
import { EditableText } from '../ui/EditableText.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { PageBody, Section } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { CaptureCommand } from './CaptureCommand.tsx';
import { openDeployDialog } from './captureDialogStore.ts';
import { versionState } from './imageWords.ts';
import { PendingCommands, PendingDialogs, PendingNote, usePending } from './PendingVersion.tsx';
import { useImageActions } from './useImageActions.tsx';
import classes from './ImagePage.module.css';

export function VersionsTab({ image }: { image: ImageDetail }) {
  const kept = image.versions.filter((version) => version.trashedAt === null).toSorted((left, right) => right.number - left.number);
  const trashed = image.versions.filter((version) => version.trashedAt !== null && image.trashedAt === null);
  return (
    <PageBody>
      {kept.length === 0 ? <EmptyState icon={null} title="Versions will be here. Capturing a disk under this image’s name adds one." help="images"><CaptureCommand image={image.name} /></EmptyState> : (
        <div className={classes['versions']}>{kept.map((version) => <VersionRow key={version.guid} image={image} version={version} />)}</div>
      )}
      {trashed.length > 0 && <Section title="In the trash"><div className={classes['versions']}>{trashed.map((version) => <VersionRow key={version.guid} image={image} version={version} />)}</div></Section>}
    </PageBody>
  );
}

export function VersionRow({ image, version }: { image: ImageDetail; version: VersionSummary }) {
  const actions = useImageActions();
  const connected = useConnected();
  const state = versionState(version);
  const target = { image: image.guid, name: image.name, version: version.number };
  const trashed = version.trashedAt !== null;
  const imageTrashed = image.trashedAt !== null;
  const pending = usePending(image, version);
  return (
    <div className={classes['version']} data-version={version.number} role="group" aria-label={`Version ${version.number}`}>
      <span className={classes['number']}>Version {version.number}</span>
      <Verification version={version}><span title={state.why}><StateMark tone={state.tone}>{state.word}</StateMark></span></Verification>
      <span className={classes['facts']}>
        <span><When at={version.capturedAt} /> <span className="dim">by {version.capturedBy}</span></span>
        <small>{version.newBytes === 0 ? 'nothing new' : `+${formatBytes(version.newBytes)} new`} · from {version.computerName}</small>
      </span>
      <span className={classes['note']}>
        {trashed ? <span className="dim">{version.note}{version.deleteAfter !== null && <> · deleted for good <When at={version.deleteAfter} /></>}</span> : (
          <EditableText value={version.note} label={`Note of version ${version.number}`} placeholder="Add a note" disabled={!connected || imageTrashed} onSave={(note) => actions.setNote({ ...target, note })} />
        )}
        {pending !== null && <PendingNote pending={pending} />}
        {version.damagedChunks > 0 && <small>{version.damagedChunks === 1 ? '1 chunk does' : `${version.damagedChunks} chunks do`} not match; capture again, or verify once the disk is repaired</small>}
      </span>
      <span className={classes['buttons']}>
        {imageTrashed ? null : trashed ? (
          <>
            <Button variant="default" disabled={!connected} onClick={() => actions.restore(target)}>Restore</Button>
            <Button variant="subtle" color="gray" disabled={!connected} onClick={() => actions.purge(target)}>Delete for good…</Button>
          </>
        ) : (
          <>
            {pending?.decidesHere === true
              ? <Button variant="default" disabled={!connected || pending.why !== null} onClick={() => pending.ask('validate')} aria-label={`Validate version ${version.number}…`}>Validate…</Button>
              : <Button variant="subtle" color="gray" disabled={!connected || version.verifying !== null} onClick={() => actions.verify(target)} aria-label={`Verify version ${version.number}`}>Verify</Button>}
            <Menu position="bottom-end" width={200}>
              <Menu.Target><ActionIcon aria-label={`More commands for version ${version.number}`}><IconDots size={16} /></ActionIcon></Menu.Target>
              <Menu.Dropdown aria-label={`Commands for version ${version.number}`}>
                {pending !== null && <PendingCommands pending={pending} />}
                {pending === null && <Menu.Item disabled={version.state === 'damaged' || !version.enabled} onClick={() => openDeployDialog(image.name, version.number)}>Deploy this version…</Menu.Item>}
                {pending?.decidesHere === true && <Menu.Item disabled={!connected || version.verifying !== null} onClick={() => actions.verify(target)}>Verify</Menu.Item>}
                <Menu.Item disabled={!connected} onClick={() => actions.setEnabled({ ...target, enabled: !version.enabled })}>{version.enabled ? 'Disable' : 'Enable'}</Menu.Item>
                {pending?.decidesHere !== true && <Menu.Divider />}
                {pending?.decidesHere !== true && <Menu.Item disabled={!connected} onClick={() => actions.trash(target)}>Move to trash</Menu.Item>}
              </Menu.Dropdown>
            </Menu>
          </>
        )}
      </span>
      {pending !== null && <PendingDialogs image={image} version={version} pending={pending} />}
    </div>
  );
}

export function VersionsSkeleton() {
  return <div className={classes['versions']} aria-hidden>{[0, 1, 2, 3].map((row) => <div key={row} className={classes['version']}><Skeleton h={10} w={64} /><Skeleton h={10} w={70} /><Skeleton h={10} w={150} /><Skeleton h={10} w={180} /><span /></div>)}</div>;
}

/** While the server re-hashes it: how much of how much, how fast, how long still. */
function Verification({ version, children }: { version: VersionSummary; children: React.ReactNode }) {
  const progress = version.verifying;
  if (progress === null) return <span>{children}</span>;
  return (
    <span className={classes['verify']}>
      {children}
      <ProgressBar fraction={progress.totalBytes === 0 ? null : progress.doneBytes / progress.totalBytes} label={`Verifying version ${version.number}`} />
      <small>{[progress.rateBytesPerSecond > 0 ? formatRate(progress.rateBytesPerSecond) : '', formatTimeLeft(progress.etaSeconds)].filter((part) => part !== '').join(' · ')}</small>
    </span>
  );
}
