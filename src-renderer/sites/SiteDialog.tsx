// The editor of one site. A computer is at one site, so the server refuses a subnet that another one has, and says which.
import { Button, Checkbox, Modal, Select, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { PackageServer, Site } from '#shared/model/replication.ts';
import { windowText } from '#shared/model/window-text.ts';
import { formatRate } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { rateOf, rateProblem } from '../servers/rateText.ts';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { linesOf, subnetsProblem, windowsOf, windowsProblem } from './siteText.ts';
import { useSiteActions } from './useSiteActions.ts';
import classes from './Sites.module.css';

/** site: null for a new one. */
type Props = { site: Site | null; servers: readonly PackageServer[]; onClose: () => void };

export function SiteDialog({ site, servers, onClose }: Props) {
  return (
    <Modal opened onClose={onClose} size={640} yOffset="6vh" title={site === null ? 'Add a site' : site.name} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Editor site={site} servers={servers} onClose={onClose} />
    </Modal>
  );
}

function Editor({ site, servers, onClose }: Props) {
  const trpc = useTRPC();
  const connected = useConnected();
  const actions = useSiteActions();
  const templates = useQuery(trpc.sites.templates.queryOptions()).data ?? [];
  const [draft, setDraft] = useState(() => draftOf(site));
  const set = (change: Partial<typeof draft>): void => setDraft((now) => ({ ...now, ...change }));
  const problems = { name: draft.name.trim() === '' ? 'A site needs a name.' : null, subnets: subnetsProblem(draft.subnets), rate: rateProblem(draft.rate), windows: windowsProblem(draft.windows) };
  const fine = Object.values(problems).every((problem) => problem === null);
  const save = async (): Promise<void> => {
    if (!fine) return;
    // What is shown is rounded, so it is read only where somebody typed.
    const bytesPerSecond = site !== null && draft.rate === draftOf(site).rate ? site.bytesPerSecond : rateOf(draft.rate);
    const input = { name: draft.name.trim(), description: draft.description, subnets: linesOf(draft.subnets), locallyManaged: draft.locallyManaged, templateId: draft.templateId, bytesPerSecond, windows: windowsOf(draft.windows) };
    if (await actions.save(site, input, draft.servers, servers)) onClose();
  };
  return (
    <form className={classes['form']} onSubmit={(event) => { event.preventDefault(); void save(); }}>
      <div className={classes['two']}>
        <TextInput label="Name" value={draft.name} onChange={(event) => set({ name: event.currentTarget.value })} data-autofocus maxLength={100} autoComplete="off" />
        <TextInput label="Description" value={draft.description} onChange={(event) => set({ description: event.currentTarget.value })} maxLength={1000} autoComplete="off" />
        <Textarea label="Subnets of its computers" description="One a line, such as 10.1.0.0/16" value={draft.subnets} error={problems.subnets} onChange={(event) => set({ subnets: event.currentTarget.value })} rows={3} spellCheck={false} classNames={{ input: 'mono' }} />
        <Textarea label="When is copied to it" description="One a line, such as mon-fri 22:00-06:00; empty: always" value={draft.windows} error={problems.windows} onChange={(event) => set({ windows: event.currentTarget.value })} rows={3} spellCheck={false} classNames={{ input: 'mono' }} />
        <TextInput label="Limit of each server" description="Such as 10 MB/s; empty: none" value={draft.rate} error={problems.rate} onChange={(event) => set({ rate: event.currentTarget.value })} spellCheck={false} />
        <Select label="Template" description="Names the images that come by default" placeholder="None" clearable checkIconPosition="right" disabled={templates.length === 0} data={templates.map((template) => ({ value: template.id, label: template.name }))} value={draft.templateId} onChange={(templateId) => set({ templateId })} comboboxProps={{ withinPortal: false }} />
      </div>
      <Checkbox size="xs" label="Locally managed" description="Works as if it stood alone: nothing comes by default, and what it has, it keeps." checked={draft.locallyManaged} onChange={(event) => set({ locallyManaged: event.currentTarget.checked })} />
      {servers.length > 0 && (
        <Checkbox.Group label="Package servers there" value={draft.servers} onChange={(chosen) => set({ servers: chosen })}>
          <div className={classes['servers']}>{servers.map((server) => <Checkbox key={server.id} size="xs" value={server.id} label={server.siteName === null || server.siteId === site?.id ? server.name : `${server.name} (now ${server.siteName})`} />)}</div>
        </Checkbox.Group>
      )}
      {actions.failure !== null && <ErrorBlock title={actions.failure.title} error={actions.failure.error} onDismiss={actions.dismiss} />}
      <div className={classes['buttons']}>
        {site !== null && <Button variant="subtle" color="gray" mr="auto" disabled={!connected} onClick={() => void actions.trash(site).then((done) => { if (done) onClose(); })}>Delete site</Button>}
        <Button variant="default" onClick={onClose}>Cancel</Button><Button type="submit" disabled={!connected || !fine} loading={actions.busy}>{site === null ? 'Add site' : 'Save'}</Button>
      </div>
    </form>
  );
}

function draftOf(site: Site | null) {
  return {
    name: site?.name ?? '', description: site?.description ?? '', subnets: (site?.subnets ?? []).join('\n'), windows: (site?.windows ?? []).map(windowText).join('\n'), rate: site === null || site.bytesPerSecond === null ? '' : formatRate(site.bytesPerSecond),
    locallyManaged: site?.locallyManaged ?? false, templateId: site?.templateId ?? null, servers: site?.serverIds ?? [],
  };
}
