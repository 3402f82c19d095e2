// One image: heading with its state and the one thing one most likely wants, tabs below.
import { ActionIcon, Button, Menu, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconDisc, IconDots, IconLock } from '@tabler/icons-react';
import { useLocation } from 'wouter';
import { imageNameSchema } from '#shared/model/image.ts';
import type { ImageDetail } from '#shared/model/image.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { NothingHere } from '../app/NothingHere.tsx';
import { shownError } from '../errors.ts';
import { openHandover } from '../handovers/handoverStore.ts';
import { EditableText } from '../ui/EditableText.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { PageBody, PageHead, PageHeadSkeleton, PageTabs, Section } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { openCaptureDialog, openDeployDialog } from './captureDialogStore.ts';
import { CopiesTab } from './CopiesTab.tsx';
import { HistoryTab } from './HistoryTab.tsx';
import { ImageOverview } from './ImageOverview.tsx';
import { imageState } from './imageWords.ts';
import { setObjectError, useObjectError } from './objectErrors.ts';
import { SchemaBarSkeleton } from './SchemaBar.tsx';
import { UsedTab } from './UsedTab.tsx';
import { useImageActions } from './useImageActions.tsx';
import { VersionsSkeleton, VersionsTab } from './VersionsTab.tsx';
import classes from './ImagePage.module.css';

const icon = <IconDisc size={18} stroke={1.6} />;
const tabTitles = [{ id: 'overview', title: 'Overview' }, { id: 'versions', title: 'Versions' }, { id: 'copies', title: 'Copies' }, { id: 'used', title: 'Where used' }, { id: 'history', title: 'History' }];

export function ImagePage({ image: ref, tab }: { image: string; tab: string }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.images.get.queryOptions({ image: ref }));
  const uses = useQuery(trpc.jobs.using.queryOptions({ image: query.data?.guid ?? '' }, { enabled: query.data !== undefined }));
  const error = useObjectError(ref);
  const image = query.data;
  if (image === undefined) {
    if (!query.isError) return <><PageHeadSkeleton icon={icon} documentTitle="Image" /><PageTabs base={`/image/${ref}`} active={tab} tabs={tabTitles} /><PageBody>{tab === 'overview' ? <><SchemaBarSkeleton /><Section title="Versions"><VersionsSkeleton /></Section></> : <VersionsSkeleton />}</PageBody></>;
    const shown = shownError(query.error);
    if (shown.code === 'not-found') return <NothingHere />;
    return <><PageHead icon={icon} title="Image" documentTitle="Image" /><PageBody><ErrorBlock title="This image could not be read" error={shown} context={{ Image: ref }} onRetry={() => void query.refetch()} /></PageBody></>;
  }
  const kept = image.versions.filter((version) => version.trashedAt === null);
  const copies = image.copies.filter((copy) => kept.some((version) => version.guid === copy.versionGuid));
  const counts: Record<string, string> = { versions: String(kept.length), copies: `${copies.filter((copy) => copy.state === 'ready').length}/${copies.length}`, ...(uses.data === undefined ? {} : { used: String(uses.data.length) }) };
  return (
    <>
      <Head image={image} />
      <PageTabs
        base={`/image/${ref}`} active={tab}
        tabs={tabTitles.map((each) => ({ ...each, ...(counts[each.id] === undefined ? {} : { count: counts[each.id] ?? '' }) }))}
      />
      {error !== undefined && <div className={classes['error']}><ErrorBlock title={error.title} error={error.error} context={{ Image: `${image.name} (${image.guid})` }} onDismiss={() => setObjectError(ref, null)} /></div>}
      {tab === 'versions' ? <VersionsTab image={image} /> : tab === 'copies' ? <CopiesTab image={image} /> : tab === 'used' ? <UsedTab image={image} /> : tab === 'history' ? <HistoryTab image={image} /> : <ImageOverview image={image} />}
    </>
  );
}

function Head({ image }: { image: ImageDetail }) {
  const actions = useImageActions();
  const connected = useConnected();
  const [, navigate] = useLocation();
  const state = imageState(image);
  const target = { image: image.guid, name: image.name };
  const inTrash = image.trashedAt !== null;
  const check = (text: string): string | null => imageNameSchema.safeParse(text).error?.issues[0]?.message ?? null;
  return (
    <PageHead
      icon={icon} documentTitle={image.name}
      title={<EditableText value={image.name} label="Name" size="title" check={check} disabled={inTrash || !connected} onSave={(name) => actions.rename({ image: image.guid, name, from: image.name })} />}
      state={
        <span className={classes['state']}>
          <span title={state.why}><StateMark tone={state.tone}>{state.word}</StateMark></span>
          {image.protected && <Tooltip label="It can’t be deleted until its protection is removed"><span className={classes['protected']}><IconLock size={14} aria-hidden /> Protected</span></Tooltip>}
        </span>
      }
      actions={inTrash ? (
        <>
          <Button disabled={!connected} onClick={() => actions.restore(target)}>Restore</Button>
          <Button variant="default" disabled={!connected} onClick={() => actions.purge(target, () => navigate('/trash'))}>Delete for good…</Button>
        </>
      ) : (
        <>
          <MainAction image={image} />
          <Menu position="bottom-end" width={220}>
            <Menu.Target><ActionIcon aria-label="More commands" variant="default"><IconDots size={16} /></ActionIcon></Menu.Target>
            <Menu.Dropdown aria-label={`Commands for ${image.name}`}>
              <Menu.Item onClick={() => openCaptureDialog(image.name)}>Capture a new version…</Menu.Item>
              <Menu.Item disabled={!connected} onClick={() => actions.setEnabled({ ...target, enabled: !image.enabled })}>{image.enabled ? 'Disable' : 'Enable'}</Menu.Item>
              <Menu.Item disabled={!connected} onClick={() => actions.setProtected({ ...target, protected: !image.protected })}>{image.protected ? 'Remove protection' : 'Protect from deletion'}</Menu.Item>
              <Menu.Item disabled={!connected} onClick={() => openHandover({ kind: 'take-ownership', images: [{ guid: image.guid, name: image.name }] })}>Take ownership…</Menu.Item>
              <Menu.Divider />
              <Menu.Item disabled={!connected} onClick={() => actions.trash(target)}>Move to trash</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </>
      )}
    />
  );
}

/** What one most likely wants: deploy what can be deployed, else get it back into that state. */
function MainAction({ image }: { image: ImageDetail }) {
  const actions = useImageActions();
  const connected = useConnected();
  const target = { image: image.guid, name: image.name };
  const verify = (filled: boolean) => <Button key="verify" {...(filled ? {} : { variant: 'default' })} disabled={!connected || image.versions.length === 0} onClick={() => actions.verify(target)}>Verify</Button>;
  if (image.newest === null) return <Button onClick={() => openCaptureDialog(image.name)}>Capture…</Button>;
  if (image.newest.state === 'damaged') return verify(true);
  if (!image.enabled) return <><Button disabled={!connected} onClick={() => actions.setEnabled({ ...target, enabled: true })}>Enable</Button>{verify(false)}</>;
  return <><Button disabled={image.current === null} onClick={() => openDeployDialog(image.name)}>Deploy…</Button>{verify(false)}</>;
}
