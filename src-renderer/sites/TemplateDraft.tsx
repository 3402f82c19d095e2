// The draft of a site template: images found by search and added, limit and windows edited in place, and what differs from what is
// published.
import { Button, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { Link } from 'wouter';
import type { ImageSummary } from '#shared/model/image.ts';
import type { SiteTemplate, TemplateContent } from '#shared/model/replication.ts';
import { windowText } from '#shared/model/window-text.ts';
import { formatBytes, formatRate } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import { rateOf, rateProblem } from '../servers/rateText.ts';
import { EditableText } from '../ui/EditableText.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { Facts } from '../ui/Facts.tsx';
import { PageBody, Section } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { windowsOf, windowsProblem } from './siteText.ts';
import { imageChange } from './templateWords.ts';
import type { useTemplateActions } from './useTemplateActions.ts';
import classes from './Sites.module.css';

type Props = { template: SiteTemplate; actions: ReturnType<typeof useTemplateActions> };

export function TemplateDraft({ template, actions }: Props) {
  const trpc = useTRPC();
  const connected = useConnected();
  const images = useQuery(trpc.images.list.queryOptions({}));
  const sites = useQuery(trpc.sites.list.queryOptions());
  const names = useMemo(() => new Map((images.data ?? []).map((image) => [image.guid, image])), [images.data]);
  const { draft } = template;
  const save = (change: Partial<TemplateContent>, message: string): void => void actions.saveDraft(template, { ...draft, ...change }, message);
  const following = (sites.data ?? []).filter((site) => template.siteIds.includes(site.id));
  const disabled = !connected || actions.busy;
  return (
    <PageBody>
      <Facts facts={[
        { name: 'Limit of each server', value: <EditableText value={draft.bytesPerSecond === null ? '' : formatRate(draft.bytesPerSecond)} label="Limit" placeholder="None" disabled={disabled} check={rateProblem} onSave={(text) => save({ bytesPerSecond: rateOf(text) }, `Draft: limit ${text === '' ? 'none' : text}`)} /> },
        { name: 'When is copied', value: <EditableText value={draft.windows.map(windowText).join('; ')} label="Windows" placeholder="Always" disabled={disabled} check={windowsProblem} onSave={(text) => save({ windows: windowsOf(text) }, `Draft: copies ${text === '' ? 'always' : text}`)} /> },
        { name: 'Sites', value: following.length === 0 ? <span>None follows it yet. <Link href="/sites">Choose it at a site</Link></span> : following.map((site, index) => <span key={site.id}>{index > 0 && ', '}<Link href={`/site/${site.id}`}>{site.name}</Link></span>) },
      ]}
      />
      <Section title="Images" aside={draft.images.length === 0 ? undefined : String(draft.images.length)}>
        <AddImage images={images.data ?? []} chosen={draft.images} disabled={disabled} onAdd={(image) => save({ images: [...draft.images, image.guid] }, `${image.name} added to the draft`)} />
        {images.isError && <ErrorBlock title="The images could not be read" error={shownError(images.error)} onRetry={() => void images.refetch()} />}
        <Images template={template} names={names} known={images.data !== undefined} disabled={disabled} onChange={(guids, message) => save({ images: guids }, message)} />
      </Section>
    </PageBody>
  );
}

function AddImage({ images, chosen, disabled, onAdd }: { images: readonly ImageSummary[]; chosen: readonly string[]; disabled: boolean; onAdd: (image: ImageSummary) => void }) {
  const [text, setText] = useState('');
  const free = images.filter((image) => !chosen.includes(image.guid)).toSorted((left, right) => left.name.localeCompare(right.name));
  return (
    <Select
      aria-label="Add an image" placeholder={images.length > 0 && free.length === 0 ? 'Every image is in it' : 'Add an image: type its name'} searchable w={380} disabled={disabled || free.length === 0} maxDropdownHeight={320} nothingFoundMessage="No image has this in its name" checkIconPosition="right"
      data={free.map((image) => ({ value: image.guid, label: image.name }))} value={null} searchValue={text} onSearchChange={setText}
      onChange={(guid) => { const image = free.find((each) => each.guid === guid); setText(''); if (image !== undefined) onAdd(image); }}
    />
  );
}

/** Those of the draft, and those that are published and no more in the draft. */
function Images({ template, names, known, disabled, onChange }: { template: SiteTemplate; names: ReadonlyMap<string, ImageSummary>; known: boolean; disabled: boolean; onChange: (guids: string[], message: string) => void }) {
  const { draft, published } = template;
  const all = [...new Set([...draft.images, ...(published?.images ?? [])])];
  const nameOf = (guid: string): string => names.get(guid)?.name ?? (known ? 'an image that is gone' : '…');
  if (all.length === 0) return <p className="dim">No images: its sites get nothing by default. Such a template may be published, too.</p>;
  return (
    <ul className={classes['images']} aria-label="Images of the draft">
      {all.toSorted((left, right) => nameOf(left).localeCompare(nameOf(right))).map((guid) => {
        const [image, change, inDraft] = [names.get(guid), published === null ? null : imageChange(guid, template), draft.images.includes(guid)];
        return (
          <li key={guid} data-out={!inDraft}>
            <span className={classes['cut']}>{image === undefined ? <span className="dim">{nameOf(guid)}</span> : <Link href={`/image/${guid}`}>{image.name}</Link>}</span>
            <span>{change === 'added' ? <StateMark tone="ok">added</StateMark> : change === 'removed' ? <StateMark tone="warn">left out</StateMark> : null}</span>
            <span className="num dim">{image === undefined ? '' : formatBytes(image.storedBytes)}</span>
            {inDraft ? <Button variant="subtle" color="gray" size="compact-sm" disabled={disabled} aria-label={`Take out ${nameOf(guid)}`} onClick={() => onChange(draft.images.filter((each) => each !== guid), `${nameOf(guid)} taken out of the draft`)}>Take out</Button>
              : <Button variant="subtle" color="gray" size="compact-sm" disabled={disabled} aria-label={`Put back ${nameOf(guid)}`} onClick={() => onChange([...draft.images, guid], `${nameOf(guid)} put back into the draft`)}>Put back</Button>}
          </li>
        );
      })}
    </ul>
  );
}
