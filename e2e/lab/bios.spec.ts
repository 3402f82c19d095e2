// From power on to its own system on BIOS: SeaBIOS, an adapter whose ROM is iPXE, an AHCI disk with a DOS table and SYSLINUX.
import { lifeOf } from './life.ts';

lifeOf({ name: 'bios', firmware: 'bios', port: 0, mac: '52:54:00:77:00:02', uuid: '10000000-0000-4000-8000-000000000002', serial: 'LABBIOS1' }, 'lab-02');
