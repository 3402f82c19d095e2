// Pure: a computer's hardware and its evidence in words.
import type { ComputerView } from '#shared/model/computer.ts';

export function hardwareName(computer: Pick<ComputerView, 'identity'>): string {
  return [computer.identity.vendor, computer.identity.product].filter((part) => part !== '').join(' ') || '–';
}

export const evidenceWords: Record<ComputerView['evidence'][number]['kind'], string> = {
  'system-uuid': 'System UUID', 'system-serial': 'System serial', 'board-serial': 'Board serial', 'asset-tag': 'Asset tag', mac: 'Onboard MAC', host: 'Name and addresses',
};

/** "Dell Inc. Latitude 5420" → "Dell Latitude 5420": what a firm is registered as takes the room of what it is. */
export function shortModel(model: string): string {
  return model.replaceAll(/,?\s+(Inc|Corporation|Corp|Co|Ltd|GmbH|LLC|COMPUTER INC|International)\b\.?(?=[\s,]|$)/gi, '').replaceAll(/\s{2,}/g, ' ').trim();
}
