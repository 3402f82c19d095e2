// Owns switching this computer off and on: only where that was allowed, because the agent also runs on machines people work at.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { AppError } from '#shared/errors.ts';

export type PowerAction = 'restart' | 'shut-down';
export type Power = { allowed: boolean; /** Resolves when it was asked for; the system ends a moment later. */ act(action: PowerAction): Promise<void> };

const commands: Record<PowerAction, string> = { restart: 'reboot', 'shut-down': 'poweroff' };

/** The boot environment says who it is on the kernel's command line; anywhere else a person has to allow it. */
export async function powerOf(allowPower: boolean): Promise<Power> {
  const commandLine = await readFile('/proc/cmdline', 'utf8').catch(() => '');
  return { allowed: allowPower || isBootEnvironment(commandLine), act };
}

export function isBootEnvironment(commandLine: string): boolean {
  return commandLine.split(/\s+/).some((word) => word.startsWith('platen.'));
}

async function act(action: PowerAction): Promise<void> {
  const command = commands[action];
  const child = spawn('/bin/sh', ['-c', `sync; exec ${command}`], { stdio: 'ignore' });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve).once('error', () => resolve(null)));
  if (code !== 0) throw new AppError('io', `This computer could not be ${action === 'restart' ? 'restarted' : 'switched off'}: ${command} ended with ${code ?? 'an error'}. Do it by hand.`);
}
