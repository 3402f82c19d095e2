// From power on to its own system on UEFI: OVMF with its own PXE, an NVMe disk with GPT and GRUB.
import { lifeOf } from './life.ts';

lifeOf({ name: 'uefi', firmware: 'uefi', port: 0, mac: '52:54:00:77:00:01', uuid: '10000000-0000-4000-8000-000000000001', serial: 'LABUEFI1' }, 'lab-01');
