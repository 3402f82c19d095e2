// The boot environment: what computers start from here, how it is built, and what it was built of.
import { Button, Skeleton } from '@mantine/core';
import { IconPackage } from '@tabler/icons-react';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { EnvironmentView } from '#shared/model/boot.ts';
import { formatBytes, formatDuration } from '#shared/units.ts';
import { useConnected } from '../app/connection.tsx';
import { ProgressBar } from '../ui/Bars.tsx';
import { Command } from '../ui/CopyText.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { Facts, FactsSkeleton } from '../ui/Facts.tsx';
import { PageBody, Section } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { useNow } from '../ui/useNow.ts';
import { SignedSlot } from './SignedSlot.tsx';
import { Trouble } from './Trouble.tsx';
import classes from './Boot.module.css';

export function EnvironmentTab({ environment, onBuild }: { environment: EnvironmentView | undefined; onBuild: () => void }) {
  const connected = useConnected();
  if (environment === undefined) return <PageBody><div aria-busy className={classes['facts']}><FactsSkeleton rows={4} /><Skeleton h={10} w={120} mt={28} aria-hidden /></div></PageBody>;
  const { state, problem, log } = environment;
  if (state === 'missing') {
    return (
      <PageBody plain>
        <EmptyState icon={<IconPackage size={32} stroke={1.4} />} title="The boot environment is the small Linux that computers start from here, with the agent in it. It is built once, on this server, from Debian’s packages." help="network-boot">
          <p className="dim">That needs a Debian system with apt, and the network the first time; it takes less than a minute once the packages are there. From a terminal of the server:</p>
          <Command text="platen boot build" />
        </EmptyState>
      </PageBody>
    );
  }
  return (
    <PageBody>
      {problem !== null && state !== 'building' && <BuildFailed environment={environment} problem={problem} />}
      {state === 'building' && <Building log={log} />}
      {state === 'ready' && (
        <>
          <Section title="What computers start" aside={<Button variant="default" disabled={!connected} onClick={onBuild}>Build again</Button>}>
            <div className={classes['facts']}>
              <Facts facts={[
                { name: 'State', value: <StateMark tone="ok">Ready: complete and of this program’s version</StateMark> }, { name: 'Kernel', value: `Linux ${environment.kernelVersion}` }, { name: 'Base archive', value: `${formatBytes(environment.baseBytes)}, fetched by each computer that starts` },
                { name: 'Built', value: environment.builtAt === null ? '–' : <When at={environment.builtAt} /> },
              ]}
              />
            </div>
          </Section>
          <Loaders loaders={environment.loaders} />
          <SignedSlot slot={environment.signed} />
        </>
      )}
      {log.length > 0 && state !== 'building' && <Section title="Log of the last build"><Log lines={log} /></Section>}
    </PageBody>
  );
}

function Loaders({ loaders }: { loaders: EnvironmentView['loaders'] }) {
  return (
    <Section title="Boot loaders">
      <table className={classes['table']}>
        <thead><tr><th scope="col">File</th><th scope="col">For</th><th scope="col">From</th><th scope="col">Size</th></tr></thead>
        <tbody>{loaders.map((loader) => <tr key={loader.name}><td><span className="mono">{loader.name}</span></td><td className="dim">{purposes[loader.name] ?? ''}</td><td className="dim">{loader.origin}</td><td>{formatBytes(loader.sizeBytes)}</td></tr>)}</tbody>
      </table>
    </Section>
  );
}
const purposes: Record<string, string> = {
  'ipxe.pxe': 'BIOS, with its own drivers', 'undionly.kpxe': 'BIOS, with the firmware’s driver', 'snponly.efi': 'UEFI, with the firmware’s driver', 'ipxe-amd64.efi': 'UEFI, with its own drivers', 'shimx64.efi': 'Secure Boot, first part', 'grubx64.efi': 'Secure Boot, second part',
  'ipxe-shimx64.efi': 'Secure Boot, first part', 'ipxe-shim.efi': 'Secure Boot, first part', 'snponly-shimx64.efi': 'Secure Boot, first part', 'snponly-shim.efi': 'Secure Boot, first part', 'ipxe.efi': 'Secure Boot, second part',
};

/** How many steps there are is not known before: what is known is what it does now, and for how long it has. */
function Building({ log }: { log: string[] }) {
  const now = useNow();
  const [seenAt] = useState(now);
  return (
    <Section title="Being built">
      <div className={classes['building']} role="status" aria-label="Building the boot environment">
        <div className={classes['buildingLine']}><StateMark tone="run">{log.at(-1) ?? 'Starting'}</StateMark><span className="dim" aria-hidden>{formatDuration((now - seenAt) / 1000)}</span></div>
        <ProgressBar fraction={null} label="Building the boot environment" />
      </div>
      <Log lines={log} live />
      <p className="dim">It goes on when this window is closed. Where network boot is switched on, it serves the new one as soon as that is done.</p>
    </Section>
  );
}

function BuildFailed({ environment, problem }: { environment: EnvironmentView; problem: string }) {
  return (
    <Trouble
      title={environment.state === 'ready' ? 'The last build failed; the one before is still served' : 'The boot environment could not be built'} tone={environment.state === 'ready' ? 'warn' : 'fail'} text={problem}
      details={['Building the boot environment failed', problem, ...environment.log].join('\n')}
    >
      <p>Look whether the server reaches Debian’s archive and its package lists are fresh (apt-get update), then build again. What was fetched is kept.</p>
    </Trouble>
  );
}

function Log({ lines, live = false }: { lines: string[]; live?: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);
  useLayoutEffect(() => { if (following && box.current) box.current.scrollTop = box.current.scrollHeight; }, [following, lines]);
  useEffect(() => setFollowing(true), []);
  return (
    <div ref={box} className={classes['log']} data-live={live} role="log" aria-label="Log of the build" aria-live="off" tabIndex={0} onScroll={(event) => { const { scrollHeight, scrollTop, clientHeight } = event.currentTarget; setFollowing(scrollHeight - scrollTop - clientHeight < 24); }}>
      {lines.map((line, index) => <div key={index}>{line}</div>)}
    </div>
  );
}
