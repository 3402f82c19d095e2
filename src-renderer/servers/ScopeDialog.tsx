// *Where it goes*: the scope of images, with what a change would bring and leave before it is made.
import { Button, Checkbox, Modal, Radio, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { scopes } from '#shared/model/replication.ts';
import type { PackageServer, Scope } from '#shared/model/replication.ts';
import { useTRPC, useTRPCClient } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { useOfferUndo } from '../app/undo.ts';
import { useAttempt } from '../app/useAttempt.ts';
import { shownError } from '../errors.ts';
import { Consequences } from '../ui/Consequences.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { Section } from '../ui/Page.tsx';
import { scopeWords } from './matrixRows.ts';
import classes from './Servers.module.css';

/** scope: the one that all of them have now; null where they differ. */
export type ScopeSubject = { images: string[]; name: string; scope: Scope | null; /** Where one image of scope `selected` goes now, beside its owner. */ servers: string[] };

const stale = (trpc: ReturnType<typeof useTRPC>) => [trpc.replication.pathFilter(), trpc.servers.pathFilter(), trpc.images.pathFilter()];

export function ScopeDialog({ subject, servers, onClose }: { subject: ScopeSubject | null; servers: readonly PackageServer[]; onClose: () => void }) {
  return (
    <Modal opened={subject !== null} onClose={onClose} size={620} title={`Where ${subject?.name ?? ''} ${subject !== null && subject.images.length > 1 ? 'go' : 'goes'}`} closeButtonProps={{ 'aria-label': 'Close' }}>
      {subject !== null && <Choose key={subject.images.join()} subject={subject} servers={servers} onClose={onClose} />}
    </Modal>
  );
}

function Choose({ subject, servers, onClose }: { subject: ScopeSubject; servers: readonly PackageServer[]; onClose: () => void }) {
  const client = useTRPCClient();
  const connected = useConnected();
  const offer = useOfferUndo();
  const [scope, setScope] = useState<Scope | null>(subject.scope);
  const [chosen, setChosen] = useState(subject.servers);
  const { attempt, busy, failure, dismiss } = useAttempt<'save'>(stale);
  const complete = scope !== null && (scope !== 'selected' || chosen.length > 0);
  const change = { images: subject.images, scope: scope ?? 'default', servers: scope === 'selected' ? chosen : [] };
  const save = (): Promise<null | void> => attempt('save', 'This could not be changed', async () => {
    const done = await client.replication.setScope.mutate(change);
    offer(`${subject.name}: ${scopeWords[change.scope].label.toLowerCase()}`, `image/${subject.images[0] ?? ''}`, [done]);
    onClose();
  });
  return (
    <form className={classes['form']} onSubmit={(event) => { event.preventDefault(); void save(); }}>
      <Radio.Group aria-label="Scope" value={scope} onChange={(value) => setScope(scopes.find((each) => each === value) ?? null)}>
        <div className={classes['choices']}>{scopes.map((each) => <Radio key={each} value={each} size="xs" label={scopeWords[each].label} description={scopeWords[each].text} />)}</div>
      </Radio.Group>
      {scope === 'selected' && (
        <Checkbox.Group label="Servers" value={chosen} onChange={setChosen}>
          <div className={classes['servers']}>{servers.map((server) => <Checkbox key={server.id} size="xs" value={server.id} label={server.isSelf ? `${server.name} (this console)` : server.name} />)}</div>
        </Checkbox.Group>
      )}
      {complete ? <Preview change={change} /> : <p className="dim">{scope === null ? 'They differ now. Choose where all of them go.' : 'Choose the servers.'}</p>}
      {failure !== null && <ErrorBlock title={failure.title} error={failure.error} onDismiss={dismiss} />}
      <div className={classes['buttons']}><Button variant="default" onClick={onClose}>Cancel</Button><Button type="submit" disabled={!connected || !complete} loading={busy !== null}>Change where {subject.images.length > 1 ? 'they go' : 'it goes'}</Button></div>
    </form>
  );
}

function Preview({ change }: { change: { images: string[]; scope: Scope; servers: string[] } }) {
  const trpc = useTRPC();
  const preview = useQuery(trpc.replication.previewScope.queryOptions(change));
  return (
    <Section title="What will happen">
      {preview.isError ? <ErrorBlock title="What this would do could not be told" error={shownError(preview.error)} onRetry={() => void preview.refetch()} /> : preview.data === undefined ? <Skeleton h={40} /> : <Consequences consequences={preview.data} />}
      <p className="dim">Nothing is deleted: a server that is not to hold an image any more keeps what it has.</p>
    </Section>
  );
}
