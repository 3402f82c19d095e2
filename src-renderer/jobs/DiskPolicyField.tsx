// Which disk a capture or deploy takes: a choice by what the disk is, with what happens on computers where it is not clear.
import { Radio, TextInput } from '@mantine/core';
import type { DiskPolicy } from '#shared/model/disk-policy.ts';
import type { SettingsProps } from './TaskSettings.tsx';
import { diskPolicyMeaning, diskPolicyTitles } from './taskWords.ts';
import classes from './TasksTab.module.css';

const kinds: readonly DiskPolicy['kind'][] = ['only-internal', 'smallest-that-fits', 'serial', 'path'];

function policyOf(kind: DiskPolicy['kind']): DiskPolicy {
  return kind === 'serial' ? { kind, serial: '' } : kind === 'path' ? { kind, path: '' } : { kind };
}

export function DiskPolicyField({ task, locked, errorOf, onChange }: SettingsProps<'capture' | 'deploy'>) {
  const { disk } = task;
  const set = (next: DiskPolicy, kind: 'choice' | 'text'): void => onChange({ ...task, disk: next }, kind);
  return (
    <Radio.Group label="Disk" value={disk.kind} onChange={(value) => { const kind = kinds.find((each) => each === value); if (kind !== undefined && kind !== disk.kind) set(policyOf(kind), 'choice'); }}>
      <div className={classes['radios']}>
        {kinds.map((kind) => (
          <div key={kind} className={classes['field']}>
            <Radio value={kind} label={diskPolicyTitles[kind]} disabled={locked} size="xs" />
            {disk.kind === kind && (
              <div className={classes['under']}>
                {disk.kind === 'serial' && <TextInput aria-label="Serial number" placeholder="S64ANX0R" disabled={locked} maxLength={256} className={classes['mono'] ?? ''} value={disk.serial} {...errorOf('disk.serial')} onChange={(event) => set({ kind: 'serial', serial: event.currentTarget.value }, 'text')} />}
                {disk.kind === 'path' && <TextInput aria-label="Path" placeholder="/dev/sdb" disabled={locked} maxLength={4096} className={classes['mono'] ?? ''} value={disk.path} {...errorOf('disk.path')} onChange={(event) => set({ kind: 'path', path: event.currentTarget.value }, 'text')} />}
                <p className={classes['meaning']}>{diskPolicyMeaning(disk, task.type)}</p>
              </div>
            )}
          </div>
        ))}
      </div>
    </Radio.Group>
  );
}
