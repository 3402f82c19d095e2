// Owns what a technician's portal shows and may do: menu, names, picks; each for the one computer it is asked for. Knows no socket.
// (Being built: docs/plans/0004-console-and-portal.md.)
import { AppError } from '#shared/errors.ts';
import type { Answers } from '#shared/agent/messages.ts';
import type { MenuNode } from '#shared/model/menu.ts';
import type { PortalSettings } from '#shared/model/server.ts';
import type { Computers } from '../computers/service.ts';
import type { Images } from '../images/service.ts';
import type { Jobs } from '../jobs/service.ts';
import type { Log } from '../log/service.ts';
import type { Runs } from '../runs/service.ts';
import type { SettingsService } from '../settings/service.ts';

export type PortalParts = { jobs: Jobs; computers: Computers; runs: Runs; images: Images; settings: SettingsService; log: Log; clock: () => number };
export type Portal = {
  /** What every portal and the console's preview show now. */
  preview(): { settings: PortalSettings; menu: MenuNode[] };
  open(computerId: string): Answers['portalOpen'];
  nameProblem(computerId: string, name: string): string | null;
  pick(computerId: string, pick: { item: string; name: string | null }, actor: string): Answers['portalPick'];
  pickByName(computerId: string, job: string, actor: string): Answers['portalPick'];
};

const notYet = (): never => {
  throw new AppError('internal', 'The portal is not there yet.');
};

export function openPortal({ settings }: PortalParts): Portal {
  return { preview: () => ({ settings: settings.get(), menu: [] }), open: notYet, nameProblem: () => null, pick: notYet, pickByName: notYet };
}
