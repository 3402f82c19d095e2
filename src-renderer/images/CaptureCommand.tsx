// The command that captures or deploys, for this machine or another one; the token is copied but not shown.
import { SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTRPC } from '../api.ts';
import { currentToken } from '../client.ts';
import { Command } from '../ui/CopyText.tsx';
import { agentCommand } from './agentCommand.ts';
import classes from './CaptureCommand.module.css';

type Props = { task?: 'capture' | 'deploy'; image?: string; disk?: string; version?: number | undefined };

export function CaptureCommand({ task = 'capture', image = 'My first image', disk = '/dev/sda', version }: Props) {
  const trpc = useTRPC();
  const { data: status } = useQuery(trpc.status.get.queryOptions());
  const [where, setWhere] = useState<'here' | 'elsewhere'>('here');
  const address = status?.addresses[0];
  const command = (token: string): string => agentCommand({
    task, disk, image, ...(version === undefined ? {} : { version }), server: where === 'elsewhere' && address !== undefined ? { address, token } : null,
  });
  return (
    <div className={classes['block']}>
      <SegmentedControl
        size="xs" classNames={{ label: classes['where'] ?? '' }} value={where} onChange={(value) => setWhere(value === 'elsewhere' ? 'elsewhere' : 'here')} aria-label="Where the disk is"
        data={[{ value: 'here', label: 'Disk of this machine' }, { value: 'elsewhere', label: 'Disk of another machine', disabled: address === undefined }]}
      />
      <Command text={command(currentToken())} shown={command('••••••')} />
      <p className="dim">
        {where === 'here' ? 'Run it as root in a terminal on the machine of this server.' : 'Run it as root on the other machine. The copied command holds the token of this session: whoever has it may do everything here.'}
        {address === undefined && status !== undefined && <> The server listens on this machine only; start it with <span className={classes['option']}>--host</span> to reach it from others.</>}
        {' '}<span className="mono">platen agent inventory</span> lists the disks.
      </p>
    </div>
  );
}
