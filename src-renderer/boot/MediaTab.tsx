// Boot media: one image for USB disks and discs, for computers that cannot start from the network; what it carries, and how to end it.
import { Autocomplete, Button, Skeleton } from '@mantine/core';
import { IconUsb } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { BootStatus, MediaView, MediumView } from '#shared/model/boot.ts';
import { formatBytes } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { Facts } from '../ui/Facts.tsx';
import { PageBody, Section } from '../ui/Page.tsx';
import { When } from '../ui/When.tsx';
import { useMedia } from './useMedia.tsx';
import classes from './Boot.module.css';

export function MediaTab({ environment }: { environment: BootStatus['environment'] | undefined }) {
  const trpc = useTRPC();
  const media = useQuery(trpc.media.view.queryOptions());
  if (media.isError && media.data === undefined) return <PageBody><ErrorBlock title="Boot media could not be read" error={shownError(media.error)} onRetry={() => void media.refetch()} /></PageBody>;
  if (media.data === undefined || environment === undefined) return <PageBody><div aria-busy className={classes['facts']}><Skeleton h={10} w="60%" my={8} /><Skeleton h={10} w="50%" my={8} /><Skeleton h={30} w={360} my={16} /></div></PageBody>;
  if (environment.state === 'missing') {
    return <PageBody plain><EmptyState icon={<IconUsb size={32} stroke={1.4} />} title="A boot medium is made from the boot environment: for computers that cannot start from the network. Build the environment first." help="network-boot" /></PageBody>;
  }
  return <PageBody><Make media={media.data} /><Made media={media.data} /></PageBody>;
}

function Make({ media }: { media: MediaView }) {
  const connected = useConnected();
  const { make, busy, failure, dismiss } = useMedia();
  const [server, setServer] = useState<string | null>(null);
  const [done, setDone] = useState<MediumView | null>(null);
  const chosen = server ?? media.servers[0] ?? '';
  const problem = media.problem ?? (media.servers.length === 0 && chosen === '' ? 'This server listens for its own machine alone. Switch network boot on, start it with --host 0.0.0.0, or say by which address computers reach it.' : null);
  return (
    <Section title="For computers that cannot start from the network">
      <div className={classes['media']}>
        <p>One image with the boot environment. Written to a USB disk, burnt to a disc or given to a virtual machine as a CD, it starts on BIOS, on UEFI and with Secure Boot, and opens the portal. The computer needs a network with any DHCP server.</p>
        {problem !== null && <p className={classes['mediaProblem']} role="status">{problem}</p>}
        <form className={classes['mediaForm']} onSubmit={(event) => { event.preventDefault(); void make(chosen).then((medium) => { if (medium !== null) setDone(medium); }); }}>
          <Autocomplete label="Server, as computers reach it" description="It stands on the medium: a fixed address, or a name." placeholder="10.0.0.5" w={360} size="xs" data={media.servers} value={chosen} onChange={setServer} filter={({ options }) => options} disabled={!connected || media.problem !== null} spellCheck={false} />
          <Button type="submit" variant="default" disabled={!connected || media.problem !== null || chosen.trim() === ''} loading={busy === 'make'}>Make and download</Button>
        </form>
        {failure !== null && <ErrorBlock title={failure.title} error={failure.error} onDismiss={dismiss} />}
        {done !== null && failure === null && <Downloaded medium={done} />}
        <p><strong>Keep it like a key.</strong> It carries a secret that opens the portal of this server to whoever has it; nothing else of the server. End the secrets below when a medium is lost.</p>
        <p className="dim">To write it: any program for disk images, or <span className="mono">dd if={done?.fileName ?? 'platen-boot.iso'} of=/dev/sdX bs=4M conv=fsync</span>. Everything on that USB disk is lost. A computer never offers the medium it was started from as a disk to deploy to.</p>
      </div>
    </Section>
  );
}

function Downloaded({ medium }: { medium: MediumView }) {
  return (
    <div className={classes['mediaDone']} role="status">
      <span>Being downloaded: <a href={medium.path} download={medium.fileName}>{medium.fileName}</a>, {formatBytes(medium.sizeBytes)}, for {medium.server}.</span>
      <span className="dim">The link works for ten minutes.</span>
    </div>
  );
}

function Made({ media }: { media: MediaView }) {
  const connected = useConnected();
  const { end, busy, failure, dismiss } = useMedia();
  return (
    <Section title="Made so far" aside={media.made > 0 && <Button variant="default" disabled={!connected} loading={busy === 'end'} onClick={() => end(media.made)}>End all secrets…</Button>}>
      {failure !== null && <ErrorBlock title={failure.title} error={failure.error} onDismiss={dismiss} />}
      {media.made === 0 ? <p className="dim">No medium was made whose secret still holds.</p> : (
        <div className={classes['facts']}>
          <Facts facts={[
            { name: 'Media', value: `${media.made}, whose secret opens the portal` }, { name: 'Last made', value: media.lastMadeAt === null ? '–' : <When at={media.lastMadeAt} /> },
            { name: 'Last used', value: media.lastUsedAt === null ? 'not yet' : <When at={media.lastUsedAt} /> },
          ]}
          />
        </div>
      )}
    </Section>
  );
}
