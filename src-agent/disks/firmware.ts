// Owns what the computer's firmware says it is: DMI strings and network addresses. Empty where nothing can be read.
import { hostname } from 'node:os';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { FirmwareIdentity } from '#shared/model/computer.ts';
import { listFolder, readText } from './sysfs.ts';

const dmiFolder = '/sys/class/dmi/id';
const netFolder = '/sys/class/net';

export async function firmwareIdentity(): Promise<FirmwareIdentity> {
  const dmi = async (name: string): Promise<string> => (await readText(join(dmiFolder, name))).slice(0, 256);
  return {
    systemUuid: await dmi('product_uuid'), systemSerial: await dmi('product_serial'), boardSerial: await dmi('board_serial'),
    assetTag: await dmi('chassis_asset_tag'), vendor: await dmi('sys_vendor'), product: await dmi('product_name'),
    macs: await macAddresses(), hostname: hostname().slice(0, 256),
  };
}

/** onboard: a physical adapter that is not on USB. Loopback, bridges, tunnels and containers' links are left out. */
async function macAddresses(): Promise<FirmwareIdentity['macs']> {
  const macs: FirmwareIdentity['macs'] = [];
  for (const name of (await listFolder(netFolder)).toSorted()) {
    const address = (await readText(join(netFolder, name, 'address'))).toLowerCase();
    const device = await realpath(join(netFolder, name, 'device')).catch(() => null);
    if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(address) || address === '00:00:00:00:00:00' || device === null) continue;
    // Under a bond every member shows the same address; the one burnt in is what identifies.
    const permanent = (await readText(join(netFolder, name, 'bonding_slave/perm_hwaddr'))) || address;
    if (!macs.some((mac) => mac.address === permanent) && macs.length < 64) macs.push({ address: permanent, onboard: !/\/usb\d/.test(device) });
  }
  return macs;
}
