// How network boot serves: on which adapter, beside which DHCP server, and what applying that would do.
import { Skeleton, TextInput } from '@mantine/core';
import { useMemo } from 'react';
import type { Adapter, BootChoice, BootStatus } from '#shared/model/boot.ts';
import { useConnected } from '../app/connection.tsx';
import { Facts } from '../ui/Facts.tsx';
import { PageBody, Section } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { poolProblem, poolSize } from './addressPool.ts';
import { adapterKind, adapterNote, consequencesOf, modeNames, modes, sameChoice, speedWords } from './bootWords.ts';
import { RadioRows } from './RadioRows.tsx';
import classes from './Boot.module.css';

type Props = {
  status: BootStatus | undefined; adapters: Adapter[] | undefined; draft: BootChoice | null; edited: boolean; problem: string | null; adapterRows: React.Ref<HTMLDivElement>;
  onDraft: (draft: BootChoice) => void;
};

export function ServeTab({ status, adapters, draft, problem, adapterRows, onDraft }: Props) {
  const connected = useConnected();
  // One row per adapter; the first address of several is the one that would be served.
  const rows = useMemo(() => [...new Map((adapters ?? []).toReversed().map((adapter) => [adapter.name, adapter])).values()].toReversed(), [adapters]);
  if (status === undefined || adapters === undefined || draft === null) return <PageBody><ServeSkeleton /></PageBody>;
  const adapter = rows.find((each) => each.name === draft.adapter && each.address !== '') ?? null;
  const asNow = sameChoice(draft, status.choice) && status.state !== 'off';
  const change = (next: Partial<BootChoice>): void => onDraft({ ...draft, ...next });
  return (
    <PageBody>
      <div className={classes['serve']}>
        <div className={classes['form']}>
          <Section title="Adapter that the computers are connected to">
            <RadioRows
              label="Adapter that the computers are connected to" groupRef={adapterRows} value={draft.adapter} disabled={!connected || draft.mode === 'off'} problem={problem} onChange={(name) => change({ adapter: name, pool: null })}
              rows={rows.map((each) => ({ value: each.name, disabled: each.address === '', title: <AdapterRow adapter={each} />, text: adapterNote(each) }))}
            />
          </Section>
          <Section title="Addresses on that network">
            <RadioRows label="Addresses on that network" value={draft.mode} disabled={!connected} onChange={(mode) => change({ mode })} rows={modes.map(({ mode, title, text }) => ({ value: mode, title, text }))} />
          </Section>
          {draft.mode === 'lab' && adapter !== null && <Section title="Pool of addresses"><Pool draft={draft} adapter={adapter} disabled={!connected} onDraft={onDraft} /></Section>}
        </div>
        <aside className={classes['aside']} aria-label={asNow ? 'Now' : 'What will happen'}>
          {asNow && status.state === 'serving' ? <Now status={status} /> : <><h2>What will happen</h2><ul className={classes['will']}>{consequencesOf(draft, adapter, status).map((text) => <li key={text}>{text}</li>)}</ul></>}
          {!asNow && status.environment.state !== 'ready' && draft.mode !== 'off' && <p className="dim">First the boot environment has to be built.</p>}
        </aside>
      </div>
    </PageBody>
  );
}

function AdapterRow({ adapter }: { adapter: Adapter }) {
  const speed = speedWords(adapter.speedMbits);
  return (
    <span className={classes['adapter']}>
      <strong>{adapter.name}</strong>
      <span>{adapter.address === '' ? <span className={classes['dimmed']}>no address</span> : <>{adapter.address}<span className={classes['dimmed']}>/{adapter.prefixLength}</span></>}</span>
      <span className={classes['dimmed']}>{adapterKind(adapter)}{speed !== '' && ` · ${speed}`}</span>
      <span>{adapter.kind === 'loopback' ? '' : adapter.link ? <StateMark tone="ok">Link</StateMark> : <StateMark tone="off">No link</StateMark>}</span>
    </span>
  );
}

function Pool({ draft, adapter, disabled, onDraft }: { draft: BootChoice; adapter: Adapter; disabled: boolean; onDraft: (draft: BootChoice) => void }) {
  const pool = draft.pool ?? adapter.pool ?? { first: '', last: '' };
  const wrong = poolProblem(pool, adapter);
  const size = poolSize(pool, adapter);
  const field = (name: 'first' | 'last', label: string) => (
    <TextInput
      label={label} size="xs" value={pool[name]} disabled={disabled} error={wrong?.field === name ? wrong.text : null} inputMode="decimal" autoComplete="off" spellCheck={false}
      onChange={(event) => onDraft({ ...draft, pool: { ...pool, [name]: event.currentTarget.value.trim() } })}
    />
  );
  return (
    <>
      <p className="dim">Addresses that nothing else on this network uses. {adapter.pool === null ? `The subnet of ${adapter.name} has no room to propose one.` : draft.pool === null ? 'Proposed: the upper half of the adapter’s subnet.' : <>The proposed pool is {adapter.pool.first} to {adapter.pool.last}.</>}</p>
      <div className={classes['pool']}>{field('first', 'First')}{field('last', 'Last')}<span className={classes['poolSize']}>{size === null ? '' : `${size.toLocaleString('en')} ${size === 1 ? 'address' : 'addresses'}`}</span></div>
    </>
  );
}

function Now({ status: { address, choice, ports, leases } }: { status: BootStatus }) {
  return (
    <>
      <h2>Serving now</h2>
      <Facts facts={[
        { name: 'Address', value: `${address} on ${choice.adapter}` }, { name: 'DHCP', value: modeNames[choice.mode] },
        choice.mode === 'lab' ? { name: 'Pool', value: choice.pool === null ? 'as proposed' : `${choice.pool.first} to ${choice.pool.last}` } : null, choice.mode === 'lab' ? { name: 'Leases', value: String(leases.length) } : null,
        ports === null ? null : { name: 'Ports', value: `UDP ${ports.dhcp}, ${ports.pxe}, ${ports.tftp} · TCP ${ports.http}` },
      ]}
      />
      <p className="dim">Switch a computer on and choose its network adapter in the firmware’s boot menu (often F12). It appears under Boots within a second.</p>
    </>
  );
}

function ServeSkeleton() {
  return (
    <div className={classes['serve']} aria-busy>
      <div className={classes['form']} aria-hidden>
        {[4, 3].map((count, at) => <div key={at} className={classes['rows']}><Skeleton h={12} w={220} mb={14} />{Array.from({ length: count }, (_, index) => <Skeleton key={index} h={at === 0 ? 16 : 34} my={at === 0 ? 10 : 9} w={`${70 + ((index * 17) % 30)}%`} />)}</div>)}
      </div>
      <div className={classes['aside']} aria-hidden><Skeleton h={12} w={120} mb={8} />{Array.from({ length: 5 }, (_, index) => <Skeleton key={index} h={10} my={5} w={`${60 + ((index * 23) % 40)}%`} />)}</div>
    </div>
  );
}
