// What a naming pattern makes of a computer that is known, else of a made-up one, which is said.
import { useQuery } from '@tanstack/react-query';
import { proposeComputerName } from '#shared/model/computer-name.ts';
import type { FirmwareIdentity } from '#shared/model/computer.ts';
import { useTRPC } from '../api.ts';
import classes from './SettingsPage.module.css';

const example: FirmwareIdentity = {
  systemUuid: '', systemSerial: '7XK2M33', boardSerial: '', assetTag: 'A-1042', vendor: 'Dell Inc.', product: 'Latitude 5420', hostname: '', macs: [{ address: 'a4:bb:6d:10:22:0f', onboard: true }],
};

export function PatternExample({ pattern }: { pattern: string }) {
  const trpc = useTRPC();
  const newest = useQuery(trpc.computers.list.queryOptions({ limit: 1 }));
  const id = newest.data?.[0]?.id;
  const real = useQuery(trpc.computers.get.queryOptions({ computer: id ?? '' }, { enabled: id !== undefined }));
  const identity = real.data?.identity ?? example;
  const whose = real.data === undefined ? 'A Latitude 5420 with serial 7XK2M33' : real.data.name;
  const name = proposeComputerName(pattern, { identity, isTaken: () => false });
  return (
    <p className={classes['example']} role="status">
      {name === '' ? `${whose} would get no name: its firmware lacks what the pattern asks for. The technician types one.` : <>{whose} would be <strong className="mono">{name}</strong></>}
    </p>
  );
}
