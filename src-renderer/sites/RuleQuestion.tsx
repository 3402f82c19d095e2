// "Which server would a computer at this address read from?" Answered by the server, as it would answer the computer now.
import { Select, TextInput } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { useTRPC } from '../api.ts';
import { shownError } from '../errors.ts';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { Section } from '../ui/Page.tsx';
import { StateIcon } from '../ui/StateMark.tsx';
import classes from './Sites.module.css';

export function RuleQuestion() {
  const trpc = useTRPC();
  const images = useQuery(trpc.images.list.queryOptions({}));
  const [address, setAddress] = useState('');
  const [chosen, setChosen] = useState<string | null>(null);
  const deployable = (images.data ?? []).filter((image) => image.newest !== null).toSorted((left, right) => left.name.localeCompare(right.name));
  const image = deployable.find((each) => each.guid === chosen) ?? deployable[0];
  const wanted = address.trim();
  const fine = isAddress(wanted);
  const version = image?.newest?.guid;
  const answer = useQuery(trpc.servers.sources.queryOptions({ address: wanted, ...(version === undefined ? {} : { version }) }, { enabled: fine, placeholderData: keepPreviousData }));
  return (
    <Section title="Which server would a computer read from?">
      <div className={classes['addRule']}>
        <TextInput label="Address of the computer" placeholder="10.1.7.20" value={address} error={wanted === '' || fine || /^[\d.]*$/.test(wanted) ? null : 'An address reads like 10.1.7.20.'} onChange={(event) => setAddress(event.currentTarget.value)} spellCheck={false} autoComplete="off" w={190} classNames={{ input: 'mono' }} />
        <Select label="Newest version of" data={deployable.map((each) => ({ value: each.guid, label: each.name }))} value={image?.guid ?? null} onChange={setChosen} searchable allowDeselect={false} checkIconPosition="right" disabled={deployable.length === 0} placeholder="No image" w={300} />
      </div>
      {!fine ? <p className="dim">Type an address to see the servers in their order, with the reasons.</p> : answer.isError ? <ErrorBlock title="This could not be answered" error={shownError(answer.error)} onRetry={() => void answer.refetch()} /> : answer.data === undefined ? null : (
        <div aria-live="polite" className={classes['answer']}>
          {answer.data.sources.length === 0 ? <p className={classes['line']}><StateIcon tone="fail" /><span>{image === undefined ? 'There is no image to read yet.' : `No server that this computer may read from has a ready copy of ${image.name}, version ${image.newest?.number ?? ''}.`}</span></p> : (
            <ol aria-label="Servers in their order" className={classes['sources']}>
              {answer.data.sources.map((source, index) => <li key={source.serverId}><StateIcon tone={index === 0 ? 'ok' : 'wait'} /><span className="dim">{index === 0 ? 'first' : 'then'}</span><Link href={`/server/${source.serverId}`}>{source.name}</Link><span>{source.reason}</span></li>)}
            </ol>
          )}
          <p className={`dim ${classes['linked'] ?? ''}`}>A capture of this computer goes to <Link href={`/server/${answer.data.capture.serverId}`}>{answer.data.capture.name}</Link>: {answer.data.capture.reason}.</p>
        </div>
      )}
    </Section>
  );
}

function isAddress(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}
