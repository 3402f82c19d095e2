// The three first steps. Each is done only when the server says so, and then shows its facts.
import { IconCircleCheckFilled } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { ImageSummary } from '#shared/model/image.ts';
import type { RunView } from '#shared/model/run.ts';
import type { ServerStatus } from '#shared/model/server.ts';
import { formatBytes } from '#shared/units.ts';
import { CaptureCommand } from '../images/CaptureCommand.tsx';
import classes from './HomePage.module.css';

export function FirstSteps({ status, images, runs }: { status: ServerStatus; images: ImageSummary[]; runs: RunView[] }) {
  const image = images.find((each) => each.newest !== null);
  const deployed = runs.find((run) => run.kind === 'deploy' && run.state === 'succeeded');
  const address = status.addresses[0];
  return (
    <ol className={classes['steps']} aria-label="First steps">
      <Step number={1} title="Server" done>
        <p>{address === undefined ? <>Serving this machine on port {status.httpPort}. To image other machines, start it with <span className="mono">--host</span> and an address they can reach.</> : <>Other machines reach this server at <span className="mono">{address}</span>.</>}</p>
        <p className="dim">{formatBytes(status.store.freeBytes)} free for images in <span className="mono">{status.dataFolder}</span>.</p>
      </Step>
      <Step number={2} title="First image" done={image !== undefined}>
        {image?.newest ? <p><Link href={`/image/${image.guid}`}>{image.name}</Link>, {formatBytes(image.newest.usedBytes)} captured from {image.newest.computerName}.</p> : (
          <><p>Capture the disk of a machine that is set up the way you want the others to be. The disk is only read.</p><CaptureCommand /></>
        )}
      </Step>
      <Step number={3} title="Deploy it" done={deployed !== undefined} waiting={image === undefined}>
        {deployed ? <p>{deployed.imageName} on <Link href={`/run/${deployed.id}`}>{deployed.computerName}</Link>.</p> : image === undefined ? <p className="dim">Put the first image on another disk.</p> : (
          <><p>Put {image.name} on another disk. Everything on that disk is replaced; it is refused while mounted, too small, or running a system.</p><CaptureCommand task="deploy" image={image.name} disk="/dev/sdb" /></>
        )}
      </Step>
    </ol>
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
