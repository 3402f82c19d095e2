// A computer's first tab: what it is recognised by and how much that counts, records that may be the same machine, hardware, disks.
import { Button } from '@mantine/core';
import { Link } from 'wouter';
import { evidenceKinds } from '#shared/model/computer.ts';
import type { ComputerView } from '#shared/model/computer.ts';
import { useConnected } from '../app/connection.tsx';
import { openObjectDialog } from '../tree/objectDialogStore.ts';
import { WarningLine } from '../ui/ErrorBlock.tsx';
import { Facts } from '../ui/Facts.tsx';
import { Columns, PageBody, Section } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { evidenceWords, hardwareName } from './computerWords.ts';
import { DiskBars } from './DiskBar.tsx';
import { useComputerActions } from './useComputerActions.ts';
import classes from './Computers.module.css';

export function ComputerOverview({ computer }: { computer: ComputerView }) {
  return (
    <PageBody>
      <UnnamedNote computer={computer} />
      <Similar computer={computer} />
      <Section title="Disks" aside={computer.disks.length > 0 && <>as seen <When at={computer.lastSeenAt} /></>}>
        {computer.disks.length === 0 ? <p className="dim">The agent found no disks on this computer.</p> : <DiskBars disks={computer.disks} />}
      </Section>
      <Columns>
        <Identity computer={computer} />
        <Hardware computer={computer} />
      </Columns>
      <Merged computer={computer} />
    </PageBody>
  );
}

function Similar({ computer }: { computer: ComputerView }) {
  const connected = useConnected();
  if (computer.similar.length === 0 || computer.trashedAt !== null) return null;
  return (
    <Section title="May be the same machine">
      <ul className={classes['records']} aria-label="May be the same machine">
        {computer.similar.map((record) => (
          <li key={record.id}>
            <span><StateMark tone="warn"><Link href={`/computer/${record.id}`}>{record.name}</Link></StateMark> <span className="dim">agrees by {record.score} points, last seen <When at={record.lastSeenAt} /></span></span>
            <Button variant="default" disabled={!connected} onClick={() => openObjectDialog({ kind: 'merge', computer: { id: computer.id, name: computer.name }, with: { id: record.id, name: record.name } })}>Merge…<span className="offscreen"> with {record.name}</span></Button>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Identity({ computer }: { computer: ComputerView }) {
  const most = Math.max(...computer.evidence.map((each) => each.weight), 1);
  const order = (kind: ComputerView['evidence'][number]['kind']): number => evidenceKinds.indexOf(kind);
  return (
    <Section title="Recognised by" aside="more points count more">
      {computer.evidence.length === 0 ? <p className="dim">Its firmware says nothing by which it can be told from others. It is known by the token it was given.</p> : (
        <table className={classes['evidence']}>
          <thead><tr><th scope="col">What</th><th scope="col">Value</th><th scope="col">Points</th></tr></thead>
          <tbody>
            {computer.evidence.toSorted((left, right) => order(left.kind) - order(right.kind)).map((each) => (
              <tr key={`${each.kind} ${each.value}`}>
                <td className="dim">{evidenceWords[each.kind]}</td>
                <td><span className="mono">{each.value}</span></td>
                <td>{each.shared ? <span className="dim" title="Seen on several computers (a dock or an adapter), so it identifies none">shared · 0</span> : <><span className={classes['weight']} style={{ width: Math.round((each.weight / most) * 40) }} aria-hidden />{each.weight}</>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

function Hardware({ computer }: { computer: ComputerView }) {
  const { identity } = computer;
  return (
    <Section title="Hardware" aside="as the firmware says it">
      <Facts facts={[
        { name: 'Model', value: hardwareName(computer) },
        { name: 'System UUID', value: identity.systemUuid === '' ? '–' : <span className="mono">{identity.systemUuid}</span> },
        { name: 'System serial', value: identity.systemSerial || '–' },
        { name: 'Board serial', value: identity.boardSerial || '–' },
        { name: 'Asset tag', value: identity.assetTag || '–' },
        { name: 'Network cards', value: identity.macs.length === 0 ? '–' : identity.macs.map((mac) => <div key={mac.address}><span className="mono">{mac.address}</span> <span className="dim">{mac.onboard ? 'onboard' : 'removable'}</span></div>) },
        { name: 'Host name', value: identity.hostname || '–' },
        { name: 'Address', value: computer.address || '–' },
        { name: 'First seen', value: <When at={computer.firstSeenAt} /> },
        { name: 'Last seen', value: computer.online ? 'now' : <When at={computer.lastSeenAt} /> },
      ]}
      />
    </Section>
  );
}

function Merged({ computer }: { computer: ComputerView }) {
  const connected = useConnected();
  const actions = useComputerActions();
  if (computer.merged.length === 0) return null;
  return (
    <Section title="Merged records" aside="each can be taken out again as it was">
      <ul className={classes['records']} aria-label="Merged records">
        {computer.merged.map((record) => (
          <li key={record.id}>
            <span>{record.name} <span className="dim">merged <When at={record.at} /></span></span>
            <Button variant="default" disabled={!connected} onClick={() => void actions.split({ item: `computer/${computer.id}`, name: computer.name }, record)}>Split<span className="offscreen"> {record.name} off</span></Button>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function UnnamedNote({ computer }: { computer: ComputerView }) {
  return computer.named || computer.trashedAt !== null ? null : <WarningLine>Nobody has named this computer yet: {computer.name} was made from what its firmware says. Click the name above to change it, or name it at the portal.</WarningLine>;
}
