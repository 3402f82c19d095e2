// Owns what the palette can do besides finding objects: what concerns the object one looks at, what one makes, and places to go.
import { useMantineColorScheme } from '@mantine/core';
import { useLocation } from 'wouter';
import { openCaptureDialog } from '../images/captureDialogStore.ts';
import { helpTitles } from '../help/topics.ts';
import { markJustMade } from '../jobs/justMade.ts';
import { openRunSheet } from '../jobs/runSheetStore.ts';
import { isComputerItem, isJobItem, keyOf, kindOf, nodeOfLocation } from '../tree/nodePlaces.ts';
import type { IconKind } from '../tree/NodeIcon.tsx';
import { useNodeCommands } from '../tree/useNodeCommands.ts';
import { toastDone, undoLast } from '../ui/toasts.tsx';
import type { PaletteCommand } from './paletteCommands.ts';

export type PalettePlace = PaletteCommand & { kind: IconKind };

export function usePaletteCommands(onKeys: () => void): { commands: PaletteCommand[]; places: PalettePlace[] } {
  const [location, navigate] = useLocation();
  const nodes = useNodeCommands();
  const { toggleColorScheme } = useMantineColorScheme();
  const here = nodeOfLocation(location);
  const make = (what: 'group' | 'folder' | 'job', parent: string): void => {
    void nodes.create(what, parent).then((made) => {
      if (made === null) return;
      markJustMade(made);
      navigate(`/${made}`);
    });
  };
  // What is focused by a command waits until the palette has given the focus back.
  const later = (act: () => void) => (): void => { requestAnimationFrame(() => requestAnimationFrame(act)); };
  const command = (id: string, label: string, words: string, run: () => void, key?: string): PaletteCommand => ({ id, label, words, run, ...(key === undefined ? {} : { key }) });
  const place = (id: string, label: string, kind: IconKind, words = ''): PalettePlace => ({ id, label, words: `go to open ${words}`, kind, run: () => navigate(id === 'home' ? '/' : `/${id}`) });
  const groupHere = kindOf(here) === 'group' ? here : 'computers';
  const folderHere = kindOf(here) === 'folder' ? here : 'jobs';
  return {
    commands: [
      command('run', 'Run a job on…', 'start deploy computers room', later(() => openRunSheet(runHere(here)))),
      command('new-job', 'New job', 'make create', () => make('job', folderHere)),
      command('new-folder', 'New folder of jobs', 'make create', () => make('folder', folderHere)),
      command('new-group', 'New group of computers', 'make create room', () => make('group', groupHere)),
      command('capture', 'Capture a disk…', 'image new', later(() => openCaptureDialog())),
      command('add-server', 'Add a package server…', 'site join new', later(() => navigate('/servers/add'))),
      command('undo', 'Undo the last change', 'take back', () => { if (!undoLast()) toastDone('There is nothing to undo in this window.'); }, 'Ctrl Z'),
      command('theme', 'Switch between light and dark', 'theme colour color', toggleColorScheme),
      command('keys', 'List of keys', 'keyboard shortcuts help', later(onKeys), '?'),
      command('tree', 'Go to the tree', 'focus', later(() => document.querySelector<HTMLElement>('[role="tree"]')?.focus()), 'Ctrl B'),
    ],
    places: [
      place('home', 'Home', 'home', 'room start'), place('computers', 'Computers', 'computers'), place('group/new', 'New computers', 'new-computers'), place('jobs', 'Jobs', 'jobs'), place('images', 'Images', 'images'),
      place('servers', 'Package servers', 'servers'), place('matrix', 'Images × servers', 'servers', 'matrix copies scope location'), place('transfers', 'Transfers', 'servers', 'queue moving copies rate'), place('handovers', 'Hand-overs', 'servers', 'retire replace recover take ownership'), place('sites', 'Sites', 'site', 'subnets'), place('templates', 'Site templates', 'site', 'publish draft images'), place('rules', 'Source rules', 'site', 'subnets which server read from'), place('boot', 'Network boot', 'boot', 'pxe dhcp tftp'), place('activity', 'Activity', 'activity', 'runs'), place('trash', 'Trash', 'trash', 'deleted'), place('settings', 'Settings', 'settings', 'preferences portal'), place('settings/backup', 'Backup', 'settings', 'restore save passphrase'), place('settings/import', 'Import a folder', 'settings', 'packs disk recover usb'),
      ...Object.entries(helpTitles).map(([topic, title]) => place(`help/${topic}`, `Help: ${title.charAt(0).toLowerCase()}${title.slice(1)}`, 'help')),
    ],
  };
}

/** The sheet starts with what one looks at. */
function runHere(here: string): Parameters<typeof openRunSheet>[0] {
  const id = keyOf(here);
  if (id === null) return {};
  if (isJobItem(here)) return { what: here };
  if (!isComputerItem(here)) return {};
  return kindOf(here) === 'group' ? { groups: [id] } : { computers: [id] };
}
