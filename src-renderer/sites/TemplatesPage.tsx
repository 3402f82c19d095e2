// Site templates: named sets of images, limit and windows for the sites that follow them; a draft each, and what is published.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconTemplate } from '@tabler/icons-react';
import { useMemo } from 'react';
import { Link, useLocation } from 'wouter';
import type { SiteTemplate } from '#shared/model/replication.ts';
import { windowsText } from '#shared/model/window-text.ts';
import { formatRate } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import { stateRank } from '../images/imageWords.ts';
import { ServersTabs } from '../servers/ServersTabs.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import type { Column } from '../ui/DataTable.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { PageBody, PageHead } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { freeTemplateName, templateState } from './templateWords.ts';
import { useTemplateActions } from './useTemplateActions.ts';
import classes from './Sites.module.css';

export function TemplatesPage() {
  const trpc = useTRPC();
  const [, navigate] = useLocation();
  const connected = useConnected();
  const actions = useTemplateActions();
  const templates = useQuery(trpc.sites.templates.queryOptions());
  const sites = useQuery(trpc.sites.list.queryOptions());
  const names = useMemo(() => new Map((sites.data ?? []).map((site) => [site.id, site.name])), [sites.data]);
  const columns = useMemo(() => columnsFor(names), [names]);
  const failed = templates.isError && templates.data === undefined;
  const add = (): void => void actions.create(freeTemplateName(templates.data ?? [])).then((id) => { if (id !== null) navigate(`/template/${id}`); });
  const addButton = <Button disabled={!connected || actions.busy} onClick={add}>Add a site template</Button>;
  return (
    <>
      <PageHead icon={<IconTemplate size={18} stroke={1.6} />} title="Site templates" documentTitle="Site templates" state={templates.data !== undefined && templates.data.length > 0 && <span className="dim">{templates.data.length}</span>} actions={templates.data?.length !== 0 && addButton} />
      <ServersTabs active="templates" />
      <PageBody plain>
        {failed && <div className={classes['pad']}><ErrorBlock title="The site templates could not be read" error={shownError(templates.error)} onRetry={() => void templates.refetch()} /></div>}
        {actions.failure !== null && <div className={classes['pad']}><ErrorBlock title={actions.failure.title} error={actions.failure.error} onDismiss={actions.dismiss} /></div>}
        {templates.data?.length === 0 && <EmptyState icon={<IconTemplate size={32} stroke={1.4} />} title="Site templates will be here: the images, limit and windows that a set of sites gets. Changes go into a draft, and nothing moves before it is published." help="package-servers">{addButton}</EmptyState>}
        {!failed && templates.data?.length !== 0 && <DataTable label="Site templates" columns={columns} rows={templates.data} rowKey={(template) => template.id} onOpen={(template) => navigate(`/template/${template.id}`)} initialSort={{ column: 'name', descending: false }} />}
      </PageBody>
    </>
  );
}

function columnsFor(names: ReadonlyMap<string, string>): Column<SiteTemplate>[] {
  const sitesOf = (template: SiteTemplate): string => template.siteIds.map((id) => names.get(id) ?? '').filter((name) => name !== '').join(', ');
  const content = (template: SiteTemplate) => template.published ?? template.draft;
  return [
    { id: 'name', title: 'Name', width: 'minmax(140px, 1fr)', sortValue: (template) => template.name.toLocaleLowerCase(), render: (template) => <Link href={`/template/${template.id}`}><MiddleText text={template.name} /></Link> },
    { id: 'state', title: 'State', width: '210px', sortValue: (template) => stateRank(templateState(template)), render: (template) => <StateMark tone={templateState(template).tone}>{templateState(template).word}</StateMark> },
    { id: 'images', title: 'Images', width: '60px', numeric: true, sortValue: (template) => content(template).images.length, render: (template) => content(template).images.length },
    { id: 'limit', title: 'Limit', width: '100px', numeric: true, sortValue: (template) => content(template).bytesPerSecond ?? Number.MAX_SAFE_INTEGER, render: (template) => { const { bytesPerSecond } = content(template); return bytesPerSecond === null ? <span className="dim">none</span> : formatRate(bytesPerSecond); } },
    { id: 'windows', title: 'When', width: 'minmax(140px, 1fr)', render: (template) => <span className={classes['cut']} title={windowsText(content(template).windows)}>{windowsText(content(template).windows)}</span> },
    { id: 'sites', title: 'Sites', width: 'minmax(140px, 1fr)', sortValue: (template) => template.siteIds.length, render: (template) => (template.siteIds.length === 0 ? <span className="dim">none</span> : <span className={classes['cut']} title={sitesOf(template)}>{sitesOf(template)}</span>) },
  ];
}
