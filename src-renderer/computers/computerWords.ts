// Pure: a computer's hardware and its evidence in words.
import type { ComputerView } from '#shared/model/computer.ts';

export function hardwareName(computer: Pick<ComputerView, 'identity'>): string {
  return [computer.identity.vendor, computer.identity.product].filter((part) => part !== '').join(' ') || '–';
}

export const evidenceWords: Record<ComputerView['evidence'][number]['kind'], string> = {
  'system-uuid': 'System UUID', 'system-serial': 'System serial', 'board-serial': 'Board serial', 'asset-tag': 'Asset tag', mac: 'Onboard MAC', host: 'Name and addresses',
};
