// The three first steps. Each is done only when the server says so, and then shows its facts; the one that comes next has the button that does it.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconCircleCheckFilled } from '@tabler/icons-react';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import type { ImageSummary } from '#shared/model/image.ts';
import type { MenuItem } from '#shared/model/menu.ts';
import type { ServerStatus } from '#shared/model/server.ts';
import { formatBytes } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { CaptureCommand } from '../images/CaptureCommand.tsx';
import { useJobActions } from '../jobs/useJobActions.tsx';
import classes from './HomePage.module.css';

export function FirstSteps({ status, images, menu }: { status: ServerStatus; images: ImageSummary[]; menu: MenuItem[] }) {
  const image = images.find((each) => each.newest !== null);
  return (
    <ol className={classes['steps']} aria-label="First steps">
      <Step number={1} title="Network" done={status.dhcp !== 'off'}><NetworkStep status={status} first={image === undefined} /></Step>
      <Step number={2} title="First image" done={image !== undefined}>
        {image?.newest ? <p><Link href={`/image/${image.guid}`}>{image.name}</Link>, {formatBytes(image.newest.usedBytes)} captured from {image.newest.computerName}.</p> : (
          <><p>Capture the disk of a machine that is set up the way you want the others to be. The disk is only read.</p><CaptureCommand /></>
        )}
      </Step>
      <Step number={3} title="Publish a job" done={menu.length > 0} waiting={image === undefined}>
        {menu[0] !== undefined ? <p>{menu.length === 1 ? menu[0].label : `${menu[0].label} and ${menu.length - 1} more`} {menu.length === 1 ? 'is' : 'are'} offered in the portal of every computer.</p>
          : image === undefined ? <p className="dim">A job says what happens on a computer, such as deploying the image. Published, it stands in the portal’s menu on every computer.</p> : <PublishJob image={image} />}
      </Step>
    </ol>
  );
}

/** Done when computers can start from here. Whoever runs the agent by hand goes on without it. */
function NetworkStep({ status, first }: { status: ServerStatus; first: boolean }) {
  const trpc = useTRPC();
  const connected = useConnected();
  const [, navigate] = useLocation();
  const { data: boot } = useQuery(trpc.boot.status.queryOptions());
  const address = status.addresses[0];
  return (
    <>
      {status.dhcp !== 'off' ? <p>Computers start over the network from here{boot !== undefined && boot.address !== '' && <> (<Link href="/boot">{boot.address} on {boot.choice.adapter}</Link>)</>}{status.dhcp === 'proxy' ? ', beside the DHCP server that is there.' : ', and get their addresses from here too.'}</p> : (
        <>
          <p>{boot?.state === 'stopped' ? <>Network boot has stopped: {boot.problem}</> : 'Computers with nothing on their disk start over the network and come to the portal. That needs a boot environment, built once, and the adapter they are connected to.'}</p>
          <div><Button variant={first ? 'filled' : 'default'} disabled={!connected} onClick={() => navigate('/boot')}>{boot?.state === 'stopped' ? 'Look at network boot' : 'Set up network boot'}</Button></div>
          <p className="dim">Or go on without it: the agent can be run on a computer by hand.</p>
        </>
      )}
      <p className="dim">{address === undefined ? <>The server is reached from this machine alone, on port {status.httpPort}; network boot opens it to the adapter it serves.</> : <>Other machines reach this server at <span className="mono">{address}</span>.</>} {formatBytes(status.store.freeBytes)} free for images in <span className="mono">{status.dataFolder}</span>.</p>
    </>
  );
}

/** One press makes the job that deploys the image and opens it, not yet published: nobody is offered what nobody has looked at. */
function PublishJob({ image }: { image: ImageSummary }) {
  const trpc = useTRPC();
  const connected = useConnected();
  const actions = useJobActions();
  const [, navigate] = useLocation();
  const [busy, setBusy] = useState(false);
  const jobs = useQuery(trpc.jobs.list.queryOptions());
  const ready = jobs.data?.find((job) => job.taskCount > 0 && job.problem === null);
  const make = (): void => {
    setBusy(true);
    void actions.create({ folder: null, name: `Deploy ${image.name}`, tasks: [{ type: 'deploy', id: 'deploy', disk: { kind: 'only-internal' }, imageGuid: image.guid, imageName: image.name, version: null }] })
      .then((made) => { if (made !== null) navigate(`/${made}`); }).finally(() => setBusy(false));
  };
  if (jobs.data === undefined) return null;
  if (ready !== undefined) {
    return (
      <>
        <p><Link href={`/job/${ready.id}`}>{ready.name}</Link> is ready but not offered yet. Show it in the portal, and every computer’s menu has it.</p>
        <div><Button disabled={!connected} onClick={() => void actions.setShowInPortal({ item: `job/${ready.id}`, name: ready.name, show: true })}>Show {ready.name} in the portal</Button></div>
      </>
    );
  }
  return (
    <>
      <p>A job says what happens on a computer. This makes one that deploys {image.name} to the internal disk; look at it, then switch on <em>Show in portal</em>.</p>
      <div><Button loading={busy} disabled={!connected} onClick={make}>Make a job that deploys {image.name}</Button></div>
    </>
  );
}

function Step({ number, title, done, waiting = false, children }: { number: number; title: string; done: boolean; waiting?: boolean; children: ReactNode }) {
  return (
    <li className={classes['step']} data-state={done ? 'done' : waiting ? 'waiting' : 'now'}>
      <span className={classes['number']} aria-hidden>{done ? <IconCircleCheckFilled size={24} /> : number}</span>
      <div className={classes['body']}><h2>{title}{done && <span className="offscreen"> (done)</span>}</h2>{children}</div>
    </li>
  );
}
