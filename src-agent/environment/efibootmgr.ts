// Owns reading what efibootmgr says of a firmware's boot entries. Pure. Firmware writes what it likes there: what can't be understood is left out.

export type BootEntry = { /** "0001", capital hex digits. */ number: string; active: boolean; label: string; /** Device path as text; '' where there is none. */ path: string };
export type BootState = {
  /** What this start came from, and what the next one is told to take. */
  current: string | null; next: string | null;
  /** As it stands there: it may name entries twice, or such as do not exist. */
  order: string[];
  entries: BootEntry[];
};

/** Of `efibootmgr -v`, versions 17 and 18. */
export function readBootState(text: string): BootState {
  const state: BootState = { current: null, next: null, order: [], entries: [] };
  for (const line of text.split(/\r?\n/)) {
    const field = /^Boot(Current|Next|Order):\s*(.*)$/.exec(line);
    if (field !== null) {
      const numbers = (field[2] ?? '').split(',').map((each) => each.trim()).filter((each) => /^[0-9a-f]{4}$/i.test(each)).map((each) => each.toUpperCase());
      if (field[1] === 'Order') state.order = numbers;
      else state[field[1] === 'Current' ? 'current' : 'next'] = numbers[0] ?? null;
      continue;
    }
    const entry = /^Boot([0-9a-f]{4})(\*?)\s(.*)$/i.exec(line);
    if (entry === null) continue;
    // A tab is between label and path; labels of some firmware hold tabs themselves, paths never do.
    const rest = entry[3] ?? '';
    const tab = rest.lastIndexOf('\t');
    state.entries.push({ number: (entry[1] ?? '').toUpperCase(), active: entry[2] === '*', label: (tab === -1 ? rest : rest.slice(0, tab)).trim(), path: tab === -1 ? '' : rest.slice(tab + 1).trim() });
  }
  return state;
}

/** It starts from the network, by its path or, where firmware gives none worth the name, by its label. */
export function isNetworkEntry({ label, path }: BootEntry): boolean {
  if (/\b(?:MAC|IPv4|IPv6|Uri|Wi-Fi)\(|\bBBS\((?:Network|0x80|128)/i.test(path)) return true;
  return !/\bHD\(/i.test(path) && /\b(?:pxe|network|netboot|lan|nic|ethernet|ipv[46]|https? boot)\b/i.test(label);
}

/** Partition and file of an entry that names them: the partition's own GUID, small; the file with backslashes, '' for the firmware's choice. */
export function targetOf({ path }: BootEntry): { partition: string; file: string } | null {
  const partition = /\bHD\(\d+,GPT,([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/i.exec(path)?.[1];
  if (partition === undefined) return null;
  // Version 17 writes File(\EFI\x), version 18 /\EFI\x; what follows is data of the entry's own.
  const file = /\/File\(([^)]*)\)/i.exec(path)?.[1] ?? /\)\/(\\[^\s]*\.efi)/i.exec(path)?.[1] ?? '';
  return { partition: partition.toLowerCase(), file };
}
