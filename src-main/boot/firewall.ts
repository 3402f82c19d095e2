// Owns what is said about this machine's firewall: which one is on, as far as an ordinary user can see, and the command that lets computers
// in. Nothing is changed here.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { BootConfig } from './snapshot.ts';

export type FirewallKind = 'ufw' | 'firewalld' | 'windows' | 'macos' | 'unknown';
export type FirewallFacts = { adapter: string; address: string; prefixLength: number; ports: Pick<BootConfig['ports'], 'dhcp' | 'pxe' | 'tftp' | 'http'> };

const start = promisify(execFile);

export async function findFirewall(): Promise<FirewallKind> {
  if (process.platform === 'win32') return 'windows';
  if (process.platform === 'darwin') return 'macos';
  const ufw = await readFile('/etc/ufw/ufw.conf', 'utf8').catch(() => '');
  if (/^\s*ENABLED\s*=\s*yes/im.test(ufw)) return 'ufw';
  // Runs without rights; says "running" and nothing else.
  const state = await start('firewall-cmd', ['--state'], { timeout: 3000 }).then(({ stdout }) => stdout.trim(), () => '');
  return state === 'running' ? 'firewalld' : 'unknown';
}

/** TFTP answers from a port that is picked for each transfer, so a rule by port alone is not enough: all of the adapter's UDP is let in. */
export function firewallAdvice(kind: FirewallKind, { adapter, address, prefixLength, ports }: FirewallFacts): string {
  const listed = `UDP ${ports.dhcp}, ${ports.pxe}, ${ports.tftp} and those above 1023 (TFTP answers from one of them), and TCP ${ports.http} and the server's own port`;
  switch (kind) {
    case 'ufw':
      return `Let computers in on the adapter: sudo ufw allow in on ${adapter}`;
    case 'firewalld':
      return `Let computers in on the adapter: sudo firewall-cmd --permanent --zone=trusted --change-interface=${adapter} && sudo firewall-cmd --reload`;
    case 'windows':
      return `Let computers in, as administrator: netsh advfirewall firewall add rule name="Platen network boot" dir=in action=allow protocol=any localip=${address} remoteip=localsubnet`;
    case 'macos':
      return 'In System Settings, Network, Firewall, Options: allow incoming connections for Platen.';
    case 'unknown':
      return `If this machine has one, let in on ${adapter} (${address}/${prefixLength}): ${listed}.`;
  }
}
