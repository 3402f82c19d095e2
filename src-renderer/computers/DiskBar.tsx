// The disks of a computer as bars to scale, with what makes it unusable as a target now.
import type { DiskSummary } from '#shared/model/computer.ts';
import { formatBytes } from '#shared/units.ts';
import { SegmentBar } from '../images/SchemaBar.tsx';
import { fitWidths, narrowest, withFreeSpace } from '../images/schemaLayout.ts';
import type { Segment } from '../images/schemaLayout.ts';
import { StateMark } from '../ui/StateMark.tsx';
import classes from '../images/SchemaBar.module.css';

const tableNames = { gpt: 'GPT', mbr: 'MBR', none: 'no partition table', unreadable: 'unreadable partition table' } as const;

export function DiskBars({ disks }: { disks: DiskSummary[] }) {
  return <div className={classes['disks']}>{disks.map((disk) => <DiskBar key={`${disk.path} ${disk.serial}`} disk={disk} />)}</div>;
}

function DiskBar({ disk }: { disk: DiskSummary }) {
  const notes = [disk.systemDisk ? 'runs this system' : null, disk.readOnly ? 'read-only' : null, disk.removable ? 'removable' : null, disk.busy].filter((note) => note !== null);
  return (
    <figure className={classes['disk']}>
      <figcaption className={classes['caption']}>
        <span><strong className="mono">{disk.path}</strong> · {formatBytes(disk.sizeBytes)} · {tableNames[disk.tableKind]}<span className="dim"> · {[disk.model, disk.bus.toUpperCase(), disk.serial === '' ? '' : `S/N ${disk.serial}`].filter((part) => part !== '').join(' · ')}</span></span>
        {notes.length > 0 && <StateMark tone={disk.systemDisk || disk.busy !== null ? 'wait' : 'off'}>{notes.join(', ')}</StateMark>}
      </figcaption>
      <SegmentBar label={`${disk.path}, ${formatBytes(disk.sizeBytes)}`} segments={segmentsOf(disk)} />
    </figure>
  );
}

/** Without a table that can be read nobody knows what is on it, so it is not called free. */
function unpartitioned(disk: DiskSummary) {
  return {
    id: 'whole', kind: 'volume' as const, title: disk.tableKind === 'none' ? 'Not partitioned' : 'Contents unknown', fsName: '', fsFamily: '', typeName: '', number: null,
    sizeBytes: disk.sizeBytes, usedBytes: null, offsetBytes: 0,
  };
}

function segmentsOf(disk: DiskSummary): Segment[] {
  const parts = disk.partitions.filter((partition) => !/extended/i.test(partition.typeName)).toSorted((left, right) => left.offsetBytes - right.offsetBytes).map((partition) => ({
    id: String(partition.number), kind: 'volume' as const, title: partition.label || partition.typeName || `Partition ${partition.number}`, fsName: partition.fsType, fsFamily: partition.fsType,
    typeName: partition.typeName, number: partition.number, sizeBytes: partition.sizeBytes, usedBytes: partition.usedBytes, offsetBytes: partition.offsetBytes,
  }));
  const all = parts.length === 0 && disk.tableKind !== 'gpt' && disk.tableKind !== 'mbr' ? [unpartitioned(disk)] : withFreeSpace(parts, disk.sizeBytes);
  const widths = fitWidths(all.map((segment) => segment.sizeBytes), Math.min(narrowest, 0.6 / Math.max(1, all.length)));
  return all.map((segment, index) => ({ ...segment, width: widths[index] ?? 0 }));
}
