// Owns the arithmetic of IPv4 addresses and subnets. Pure; what is no address or subnet is null, never an error.
export type Subnet = { network: number; bits: number };

export function addressNumber(text: string): number | null {
  // A socket that takes both families writes 10.0.0.1 as ::ffff:10.0.0.1.
  const parts = text.replace(/^::ffff:/i, '').split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return null;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** "10.1.0.0/16"; bits of the address below the mask do not count. */
export function parseSubnet(text: string): Subnet | null {
  const [address = '', length = ''] = text.split('/');
  const number = addressNumber(address);
  const bits = /^\d{1,2}$/.test(length) ? Number(length) : NaN;
  if (number === null || !(bits <= 32)) return null;
  return { network: maskOf(number, bits), bits };
}

export function isWithin(address: number, { network, bits }: Subnet): boolean {
  return maskOf(address, bits) === network;
}

/** How many leading bits two addresses share: more is nearer. */
export function sharedBits(a: number, b: number): number {
  return Math.clz32((a ^ b) >>> 0);
}

function maskOf(address: number, bits: number): number {
  return bits === 0 ? 0 : (address & (0xffffffff << (32 - bits))) >>> 0;
}

/** The IPv4 address in "https://10.1.0.5:8420"; null for names and IPv6. */
export function hostNumber(url: string): number | null {
  return URL.canParse(url) ? addressNumber(new URL(url).hostname) : null;
}
