// Publishing a site template: what it does, image by image and server by server, before it is done.
import { Button, Modal, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { SiteTemplate, TemplateContent } from '#shared/model/replication.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import { Consequences } from '../ui/Consequences.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { Section } from '../ui/Page.tsx';
import { contentWords } from './templateWords.ts';
import type { useTemplateActions } from './useTemplateActions.ts';
import classes from './Sites.module.css';

/** revision: the one that is published again; null for the draft. */
export type Publishing = { revision: number | null; content: TemplateContent };
type Props = { template: SiteTemplate; publishing: Publishing | null; actions: ReturnType<typeof useTemplateActions>; onClose: () => void };

export function PublishDialog({ template, publishing, actions, onClose }: Props) {
  const title = publishing?.revision === null || publishing === null ? `Publish ${template.name}` : `Publish revision ${publishing.revision} of ${template.name} again`;
  return (
    <Modal opened={publishing !== null} onClose={onClose} size={680} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      {publishing !== null && <Told template={template} publishing={publishing} actions={actions} onClose={onClose} />}
    </Modal>
  );
}

function Told({ template, publishing, actions, onClose }: Props & { publishing: Publishing }) {
  const trpc = useTRPC();
  const connected = useConnected();
  const preview = useQuery(trpc.sites.previewTemplate.queryOptions({ template: template.id, content: publishing.content }));
  const refused = preview.data?.some((each) => each.kind === 'refusal') ?? false;
  const publish = async (): Promise<void> => {
    if (await (publishing.revision === null ? actions.publish(template) : actions.restore(template, publishing.revision))) onClose();
  };
  return (
    <form className={classes['form']} onSubmit={(event) => { event.preventDefault(); void publish(); }}>
      <p>{contentWords(publishing.content)}, for {template.siteIds.length === 0 ? 'no site yet' : template.siteIds.length === 1 ? '1 site' : `${template.siteIds.length} sites`}.</p>
      <Section title="What will happen">
        {preview.isError ? <ErrorBlock title="What this would do could not be told" error={shownError(preview.error)} onRetry={() => void preview.refetch()} /> : preview.data === undefined ? <Skeleton h={64} /> : <Consequences consequences={preview.data} />}
        <p className="dim">Nothing is deleted: a server that is not to hold an image any more keeps what it has.</p>
      </Section>
      {actions.failure !== null && <ErrorBlock title={actions.failure.title} error={actions.failure.error} onDismiss={actions.dismiss} />}
      <div className={classes['buttons']}><Button variant="default" onClick={onClose}>Cancel</Button><Button type="submit" data-autofocus disabled={!connected || preview.data === undefined || refused} loading={actions.busy}>Publish</Button></div>
    </form>
  );
}
