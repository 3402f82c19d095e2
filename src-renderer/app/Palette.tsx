// Ctrl K: finds images, computers and runs by name, and runs commands.
import { Spotlight, spotlight } from '@mantine/spotlight';
import type { SpotlightActionGroupData } from '@mantine/spotlight';
import { useMantineColorScheme } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconCommand, IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { useTRPC } from '../api.ts';
import { openCaptureDialog } from '../images/captureDialogStore.ts';
import { helpTitles } from '../help/topics.ts';
import { imageState } from '../images/imageWords.ts';
import { runState, runTitle } from '../runs/runWords.ts';
import { NodeIcon } from '../tree/NodeIcon.tsx';
import type { IconKind } from '../tree/NodeIcon.tsx';

export function openPalette(): void {
  spotlight.open();
}

export function Palette({ onKeys }: { onKeys: () => void }) {
  const [opened, setOpened] = useState(false);
  const trpc = useTRPC();
  const [, navigate] = useLocation();
  const { toggleColorScheme } = useMantineColorScheme();
  const images = useQuery(trpc.images.list.queryOptions({}, { enabled: opened }));
  const computers = useQuery(trpc.computers.list.queryOptions(undefined, { enabled: opened }));
  const runs = useQuery(trpc.runs.list.queryOptions({ limit: 50 }, { enabled: opened }));
  const go = (id: string, label: string, description: string | null, to: string, kind: IconKind) => ({ id, label, ...(description === null ? {} : { description }), onClick: () => navigate(to), leftSection: <NodeIcon kind={kind} /> });
  const command = (id: string, label: string, run: () => void, key?: string) => ({ id, label, onClick: run, leftSection: <IconCommand size={18} stroke={1.6} />, ...(key === undefined ? {} : { rightSection: <kbd>{key}</kbd> }) });
  const actions: SpotlightActionGroupData[] = [
    { group: 'Images', actions: (images.data ?? []).map((image) => go(`image/${image.guid}`, image.name, imageState(image).word, `/image/${image.guid}`, 'image')) },
    { group: 'Computers', actions: (computers.data ?? []).map((computer) => go(`computer/${computer.id}`, computer.name, computer.model || 'Computer', `/computer/${computer.id}`, 'computer')) },
    { group: 'Activity', actions: (runs.data ?? []).map((run) => go(`run/${run.id}`, `${runTitle(run)}, ${run.computerName}`, runState(run), `/run/${run.id}`, 'run')) },
    {
      group: 'Commands',
      actions: [
        command('capture', 'Capture a disk…', () => openCaptureDialog()), command('theme', 'Switch between light and dark', toggleColorScheme), command('keys', 'List of keys', onKeys, '?'),
        command('tree', 'Go to the tree', () => requestAnimationFrame(() => document.querySelector<HTMLElement>('[role="tree"]')?.focus()), 'Ctrl B'),
      ],
    },
    {
      group: 'Places',
      actions: [go('home', 'Home', null, '/', 'home'), go('images', 'Images', null, '/images', 'images'), go('computers', 'Computers', null, '/computers', 'computers'), go('servers', 'Package servers', null, '/servers', 'servers'), go('activity', 'Activity', null, '/activity', 'activity'), go('trash', 'Trash', null, '/trash', 'trash'), go('settings', 'Settings', null, '/settings', 'settings'), ...Object.entries(helpTitles).map(([topic, title]) => go(`help/${topic}`, `Help: ${title.charAt(0).toLowerCase()}${title.slice(1)}`, null, `/help/${topic}`, 'help'))],
    },
  ];
  return (
    <Spotlight
      actions={actions} shortcut={null} highlightQuery scrollable overlayProps={{ blur: 0, backgroundOpacity: 0.35 }} maxHeight={420} attributes={{ content: { 'aria-label': 'Search or run a command' } }} limit={40} nothingFound="Nothing has this name" onSpotlightOpen={() => setOpened(true)} onSpotlightClose={() => setOpened(false)}
      searchProps={{ placeholder: 'Search or run a command', 'aria-label': 'Search or run a command', leftSection: <IconSearch size={18} stroke={1.6} /> }}
    />
  );
}
