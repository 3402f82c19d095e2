// The tray's icon with what runs now, and the few things one can do without the window.
import { Menu, nativeImage, Tray } from 'electron';
import type { RunView } from '#shared/model/run.ts';
import { trayEntries, workOf, workText } from './decisions.ts';

export type TrayActions = { open(page: string | null): void; quit(): void };
export type AppTray = { show(active: readonly RunView[]): void; destroy(): void };

export function openTray(iconPath: string, actions: TrayActions): AppTray {
  const tray = new Tray(nativeImage.createFromPath(iconPath).resize({ width: 16, height: 16 }));
  let shown = '';
  tray.on('click', () => actions.open(null));
  return {
    show: (active) => {
      const entries = trayEntries(active);
      const text = JSON.stringify(entries);
      if (text === shown) return; // an open menu is left alone while nothing in it changes
      shown = text;
      tray.setToolTip(`Platen: ${workText(workOf(active))}`);
      tray.setContextMenu(Menu.buildFromTemplate(entries.map((entry) => (entry === 'separator' ? { type: 'separator' } : {
        label: entry.label, click: () => { if (entry.action === 'quit') actions.quit(); else actions.open(entry.page); },
      }))));
    },
    destroy: () => tray.destroy(),
  };
}
