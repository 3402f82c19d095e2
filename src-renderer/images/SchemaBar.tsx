// A captured disk as a bar to scale: partitions with their file systems, how much of each is used, the room between them.
import { Skeleton } from '@mantine/core';
import type { VersionDetail } from '#shared/model/image.ts';
import { formatBytes } from '#shared/units.ts';
import { diskLayouts } from './schemaLayout.ts';
import type { Segment } from './schemaLayout.ts';
import classes from './SchemaBar.module.css';

const tableNames = { gpt: 'GPT', mbr: 'MBR', none: 'no partition table' } as const;

export function SchemaBar({ version }: { version: VersionDetail }) {
  return (
    <div className={classes['disks']}>
      {diskLayouts(version.graph).map((disk, index) => (
        <figure key={disk.id} className={classes['disk']}>
          <figcaption className={classes['caption']}>
            <span><strong>Disk {index}</strong> · {tableNames[disk.tableKind]} · {formatBytes(disk.sizeBytes)} · {formatBytes(version.usedBytes)} used{disk.model !== '' && <span className="dim"> · {disk.model}</span>}</span>
            <span className="dim">smallest target {formatBytes(version.smallestTargetBytes)}</span>
          </figcaption>
          <SegmentBar label={`Disk ${index}, ${formatBytes(disk.sizeBytes)}`} segments={disk.segments} />
        </figure>
      ))}
    </div>
  );
}

export function SegmentBar({ label, segments }: { label: string; segments: Segment[] }) {
  return <ol className={classes['bar']} aria-label={label}>{segments.map((segment) => <SegmentView key={segment.id} segment={segment} />)}</ol>;
}

function SegmentView({ segment }: { segment: Segment }) {
  const used = segment.usedBytes === null || segment.sizeBytes === 0 ? 0 : segment.usedBytes / segment.sizeBytes;
  const thin = segment.width < 0.14;
  const sizes = thin || segment.usedBytes === null ? formatBytes(segment.sizeBytes) : `${formatBytes(segment.usedBytes)} of ${formatBytes(segment.sizeBytes)}`;
  const name = [segment.number === null ? '' : String(segment.number), segment.title].filter((part) => part !== '').join(' ');
  const title = [segment.kind === 'free' ? 'Not allocated' : name, segment.fsName, segment.typeName === segment.title ? '' : segment.typeName, segment.usedBytes === null ? formatBytes(segment.sizeBytes) : `${formatBytes(segment.usedBytes)} used of ${formatBytes(segment.sizeBytes)}`].filter((part) => part !== '').join(' · ');
  return (
    <li className={classes['segment']} data-kind={segment.kind} data-fs={family(segment)} style={{ width: `${segment.width * 100}%` }} title={title}>
      <div className={classes['used']} style={{ width: `${used * 100}%` }} aria-hidden />
      <div className={classes['text']}>
        <span className={classes['name']}>{segment.title}</span>
        <span className={classes['size']}>{!thin && segment.fsName !== '' && <b>{segment.fsName} </b>}{sizes}</span>
      </div>
    </li>
  );
}

function family(segment: Segment): string {
  if (/efi/i.test(segment.typeName)) return 'efi';
  if (segment.fsFamily === 'ntfs') return 'windows';
  if (segment.fsFamily.startsWith('ext')) return 'linux';
  if (/^v?fat/.test(segment.fsFamily)) return 'fat';
  return segment.fsFamily === 'swap' ? 'swap' : 'raw';
}

export function SchemaBarSkeleton() {
  return <div aria-hidden><Skeleton h={10} w={280} my={7} /><Skeleton h={56} mt={8} radius={6} /></div>;
}
