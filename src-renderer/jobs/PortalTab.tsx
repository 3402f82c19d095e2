// What the portal shows of a job or folder: the switch, the text, why it is not there, what a folder would run; and the menu as a
// technician would see it now.
import { Switch, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconAlertTriangleFilled, IconInfoCircle } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import { descriptionSchema } from '#shared/model/job.ts';
import { isNameOverride, isPublished, itemsOf, labelOf } from '#shared/model/menu.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { PortalPreview } from '../portalPreview/PortalPreview.tsx';
import { PageBody, Section } from '../ui/Page.tsx';
import { useJobActions } from './useJobActions.tsx';
import classes from './JobPage.module.css';

type Props = {
  item: string; name: string; description: string; showInPortal: boolean; published: boolean; inTrash: boolean; path: readonly { id: string; name: string }[]; problem: string | null;
  /** Only of a folder. */
  runs: readonly { id: string; name: string; path: string }[] | null;
};

export function PortalTab(props: Props) {
  const { item, name, description, showInPortal, inTrash, runs } = props;
  const actions = useJobActions();
  const connected = useConnected();
  const isFolder = runs !== null;
  /** What was just asked for, shown until the server says what is so. */
  const [wanted, setWanted] = useState<boolean | null>(null);
  useEffect(() => { if (wanted === showInPortal) setWanted(null); }, [wanted, showInPortal]);
  const publish = async (show: boolean): Promise<void> => {
    setWanted(show);
    if (!(await actions.setShowInPortal({ item, name, show }))) setWanted(null);
  };
  const off = !connected || inTrash;
  return (
    <PageBody>
      <div className={classes['portal']}>
        <div className={classes['publish']}>
          <Switch
            label="Show in portal" checked={wanted ?? showInPortal} disabled={off}
            description={isFolder ? 'As one item that runs every job below this folder, subfolders included.' : 'Technicians can pick it at a computer.'}
            onChange={(event) => void publish(event.currentTarget.checked)}
          />
          <PortalText key={description} {...props} off={off} />
          <Notes {...props} />
          {isFolder && <FolderOrder runs={runs} />}
        </div>
        <PortalPreview item={item} />
      </div>
    </PageBody>
  );
}

/** Saved on leaving the field or by Enter; Escape gives up. */
function PortalText({ item, name, description, runs, off }: Props & { off: boolean }) {
  const actions = useJobActions();
  const [draft, setDraft] = useState(description);
  const error = descriptionSchema.safeParse(draft).error?.issues[0]?.message ?? null;
  const save = (): void => { if (error === null && draft.trim() !== description) void actions.describe({ item, name, description: draft.trim() }); };
  useEffect(() => setDraft(description), [description]);
  return (
    <TextInput
      label="Portal text" placeholder={labelOf({ name, description: '' })} description={`What technicians read. Empty: the name without its tag${runs === null ? '' : ', or the text of a job named just (MI) in this folder'}.`} disabled={off} maxLength={500}
      value={draft} error={error} onChange={(event) => setDraft(event.currentTarget.value)} onBlur={save}
      onKeyDown={(event) => { if (event.key === 'Enter') save(); if (event.key === 'Escape') setDraft(description); }}
    />
  );
}

type Note = { tone: 'info' | 'warn'; text: React.ReactNode };

/** What the menu does with it, and why, in words. */
function Notes({ item, name, published, showInPortal, inTrash, path, runs, problem }: Props) {
  const trpc = useTRPC();
  const preview = useQuery(trpc.portal.preview.queryOptions());
  const rootId = preview.data?.settings.portalRootFolderId ?? null;
  const root = useQuery(trpc.jobs.folder.queryOptions({ folder: rootId }, { enabled: rootId !== null }));
  const [openedAt] = useState(item);
  if (preview.data === undefined || openedAt !== item) return null;
  const items = itemsOf(preview.data.menu);
  const shown = items.find((each) => each.id === item);
  const folders = path.flatMap((folder) => { const of = items.find((each) => each.id === `folder/${folder.id}`); return of === undefined ? [] : [{ ...folder, label: of.label }]; });
  const outside = rootId !== null && item !== `folder/${rootId}` && !path.some((folder) => folder.id === rootId);
  const notes: Note[] = [];
  if (runs === null && isNameOverride(name)) notes.push({ tone: 'info', text: 'A job named just (MI) is no item of its own: its portal text is what its folder is called, and it is never run with the folder.' });
  if (isPublished(name, false) && !isNameOverride(name)) notes.push({ tone: 'info', text: showInPortal ? 'The tag (MI) in its name publishes it as well.' : 'The tag (MI) in its name publishes it, although the switch is off. Take the tag out of the name to take it out of the portal.' });
  if (shown !== undefined) notes.push({ tone: 'info', text: <>The menu calls it <b>{shown.label}</b>{shown.jobs > 1 && <>, and runs {shown.jobs} jobs</>}.</> });
  if (inTrash) notes.push({ tone: 'warn', text: 'What lies in the trash is never offered.' });
  if (shown === undefined && published && !inTrash && !isNameOverride(name)) {
    if (outside) notes.push({ tone: 'warn', text: <>Not shown: the portal offers only what lies in {root.data === undefined ? 'its root folder' : <Link href={`/folder/${rootId}`}>{root.data.name}</Link>}. <Link href="/settings">Change it in Settings</Link>, or move this there.</> });
    else if (item === `folder/${rootId}`) notes.push({ tone: 'warn', text: <>Not shown: it is the portal’s root folder, whose contents are the menu. <Link href="/settings">Change it in Settings</Link>.</> });
    else if (runs?.length === 0) notes.push({ tone: 'warn', text: 'Not shown: there is no job in it yet.' });
    else notes.push({ tone: 'warn', text: 'Not shown now.' });
  }
  const why = shown?.problem ?? (published ? problem : null);
  if (shown !== undefined && why !== null) notes.push({ tone: 'warn', text: <>Listed, but it can’t be picked: {why}</> });
  if (!published && !inTrash && folders.length === 0) notes.push({ tone: 'info', text: 'Technicians do not see it. It can still be run from here.' });
  for (const folder of folders) notes.push({ tone: 'info', text: <>Also runs as a part of <Link href={`/folder/${folder.id}/portal`}>{folder.label}</Link>.</> });
  return (
    <ul className={classes['notes']} aria-label="What the portal does with it">
      {notes.map((note, index) => <li key={index} className={classes['note']}>{note.tone === 'warn' ? <IconAlertTriangleFilled size={14} color="var(--warn)" aria-hidden /> : <IconInfoCircle size={14} color="var(--dim)" aria-hidden />}<span>{note.text}</span></li>)}
    </ul>
  );
}

function FolderOrder({ runs }: { runs: readonly { id: string; name: string; path: string }[] }) {
  if (runs.length === 0) return null;
  return (
    <Section title={`Runs ${runs.length === 1 ? '1 job' : `${runs.length} jobs`}, in this order`}>
      <ol className={classes['order']}>{runs.map((job, index) => <li key={job.id}><span>{index + 1}</span><span><Link href={`/job/${job.id}`}>{job.name}</Link>{job.path !== '' && <small>{job.path}</small>}</span></li>)}</ol>
    </Section>
  );
}
