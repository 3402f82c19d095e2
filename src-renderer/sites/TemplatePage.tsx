// One site template: its draft, changed in place and moving nothing; publishing it after what that does was told; and every revision.
import { ActionIcon, Button, Menu } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconDots, IconTemplate } from '@tabler/icons-react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import type { SiteTemplate } from '#shared/model/replication.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { NothingHere } from '../app/NothingHere.tsx';
import { shownError } from '../errors.ts';
import { EditableText } from '../ui/EditableText.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { FactsSkeleton } from '../ui/Facts.tsx';
import { PageBody, PageHead, PageHeadSkeleton, PageTabs } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { TemplateDraft } from './TemplateDraft.tsx';
import { TemplateHistory } from './TemplateHistory.tsx';
import { PublishDialog } from './PublishDialog.tsx';
import type { Publishing } from './PublishDialog.tsx';
import { isChanged, templateState } from './templateWords.ts';
import { useTemplateActions } from './useTemplateActions.ts';
import classes from './Sites.module.css';

const icon = <IconTemplate size={18} stroke={1.6} />;
const tabs = [{ id: 'draft', title: 'Draft' }, { id: 'history', title: 'History' }];

export function TemplatePage({ id, tab }: { id: string; tab: string }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.sites.template.queryOptions({ template: id }));
  const actions = useTemplateActions();
  const [publishing, setPublishing] = useState<Publishing | null>(null);
  const template = query.data;
  if (template === undefined) {
    if (!query.isError) return <><PageHeadSkeleton icon={icon} documentTitle="Site template" /><PageTabs base={`/template/${id}`} active={tab} tabs={tabs} /><PageBody><FactsSkeleton rows={8} /></PageBody></>;
    const shown = shownError(query.error);
    if (shown.code === 'not-found') return <NothingHere />;
    return <><PageHead icon={icon} title="Site template" documentTitle="Site template" /><PageBody><ErrorBlock title="This site template could not be read" error={shown} context={{ Template: id }} onRetry={() => void query.refetch()} /></PageBody></>;
  }
  return (
    <>
      <Head template={template} actions={actions} onPublish={() => setPublishing({ revision: null, content: template.draft })} />
      <PageTabs base={`/template/${id}`} active={tab} tabs={tabs.map((each) => (each.id === 'history' ? { ...each, count: String(template.revision) } : each))} />
      {actions.failure !== null && publishing === null && <div className={classes['pad']}><ErrorBlock title={actions.failure.title} error={actions.failure.error} context={{ Template: `${template.name} (${id})` }} onDismiss={actions.dismiss} /></div>}
      {tab === 'history' ? <TemplateHistory template={template} onRestore={setPublishing} /> : <TemplateDraft template={template} actions={actions} />}
      <PublishDialog template={template} publishing={publishing} actions={actions} onClose={() => setPublishing(null)} />
    </>
  );
}

function Head({ template, actions, onPublish }: { template: SiteTemplate; actions: ReturnType<typeof useTemplateActions>; onPublish: () => void }) {
  const connected = useConnected();
  const [, navigate] = useLocation();
  const state = templateState(template);
  const check = (text: string): string | null => (text.trim() === '' ? 'A template needs a name.' : text.trim().length > 100 ? 'A name has at most 100 characters.' : null);
  return (
    <PageHead
      icon={icon} documentTitle={template.name}
      title={<EditableText value={template.name} label="Name" size="title" check={check} disabled={!connected} onSave={(name) => void actions.rename(template, name)} />}
      state={<StateMark tone={state.tone}>{state.word}</StateMark>}
      actions={
        <>
          <Button disabled={!connected || actions.busy || !isChanged(template)} onClick={onPublish}>Publish…</Button>
          <Menu position="bottom-end" width={220}>
            <Menu.Target><ActionIcon aria-label="More commands" variant="default"><IconDots size={16} /></ActionIcon></Menu.Target>
            <Menu.Dropdown aria-label={`Commands for ${template.name}`}>
              <Menu.Item disabled={!connected || template.published === null || !isChanged(template)} onClick={() => { if (template.published !== null) void actions.saveDraft(template, template.published, 'The draft is what is published again'); }}>Take the draft back</Menu.Item>
              <Menu.Divider />
              <Menu.Item disabled={!connected} onClick={() => void actions.trash(template).then((done) => { if (done) navigate('/templates'); })}>Delete template</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </>
      }
    />
  );
}
