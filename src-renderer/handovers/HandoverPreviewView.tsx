// What a hand-over would do, before it does: what each new owner gets and whether it fits, gains and losses in words, and the images.
import { Skeleton } from '@mantine/core';
import type { HandoverPreview, PackageServer } from '#shared/model/replication.ts';
import { formatBytes } from '#shared/units.ts';
import { Consequences } from '../ui/Consequences.tsx';
import { Section } from '../ui/Page.tsx';
import { StateIcon } from '../ui/StateMark.tsx';
import { exactTime } from '../ui/time.ts';
import { nameOf, targetsOf, targetWords } from './handoverWords.ts';
import classes from './Handovers.module.css';

/** More than a person reads at once; the rest on request. */
const first = 100;

/** stale: of the choice before; the new one is being worked out. */
export function HandoverPreviewView({ preview, servers, stale }: { preview: HandoverPreview; servers: readonly PackageServer[]; stale: boolean }) {
  const names = new Map(servers.map((server) => [server.id, server.name]));
  return (
    <div className={classes['preview']} aria-busy={stale} data-stale={stale}>
      {preview.blocked && <p role="alert" className={classes['blocked']}><StateIcon tone="fail" size={16} /><span>It can’t begin like this. What stands in the way is said first below.</span></p>}
      {preview.images.length > 0 && (
        <Section title="What is copied">
          <ul className={classes['lines']} aria-label="What is copied">{targetsOf(preview, servers, names).map((target) => <li key={target.serverId}><StateIcon tone={target.fits ? 'ok' : 'warn'} /><span><strong>{target.name}</strong>: {targetWords(target)}</span></li>)}</ul>
        </Section>
      )}
      <Section title="What will happen" aside={preview.consequences.length > 8 ? `${preview.consequences.length} lines` : undefined}>
        <Consequences consequences={preview.consequences} />
      </Section>
      {preview.images.length > 0 && <Images preview={preview} names={names} />}
    </div>
  );
}

/** Images of one name are told apart by when they were made, and by their GUID. */
function Images({ preview, names }: { preview: HandoverPreview; names: ReadonlyMap<string, string> }) {
  const twins = new Set([...Map.groupBy(preview.images, (image) => image.imageName.toLocaleLowerCase())].filter(([, images]) => images.length > 1).map(([name]) => name));
  return (
    <Section title="Images" aside={preview.images.length > first ? `the first ${first} of ${preview.images.length.toLocaleString('en')}` : String(preview.images.length)}>
      <div className={classes['images']} tabIndex={0} role="group" aria-label="Images">
        <table aria-label="Images that change hands">
          <thead><tr><th scope="col">Image</th><th scope="col">From</th><th scope="col">To</th><th scope="col" className="num">Versions</th><th scope="col" className="num">Size</th><th scope="col" className="num">To copy</th></tr></thead>
          <tbody>
            {preview.images.slice(0, first).map((image) => (
              <tr key={image.imageGuid}>
                <td>{image.imageName}{twins.has(image.imageName.toLocaleLowerCase()) && <small>{exactTime(image.createdAt)} · <span className="mono">{image.imageGuid.slice(0, 8)}</span></small>}</td>
                <td>{nameOf(names, image.fromServerId)}</td><td>{nameOf(names, image.toServerId)}</td><td className="num">{image.versions}</td><td className="num">{formatBytes(image.bytes)}</td><td className="num">{image.missingBytes === 0 ? 'nothing' : formatBytes(image.missingBytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

export function PreviewSkeleton() {
  return <div className={classes['preview']} aria-busy="true"><Skeleton h={24} w="50%" /><Skeleton h={96} /><Skeleton h={96} /></div>;
}
