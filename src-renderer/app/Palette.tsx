// Ctrl K: finds any object by name, serial, address or text, asked of the server as one types, and runs commands.
import { createSpotlight, Spotlight } from '@mantine/spotlight';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { IconCommand, IconSearch } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import type { SearchHit } from '#shared/model/server.ts';
import { useTRPC } from '../api.ts';
import { shownError } from '../errors.ts';
import { NodeIcon } from '../tree/NodeIcon.tsx';
import { portalName } from '../tree/portalName.ts';
import { matching } from './paletteCommands.ts';
import { usePaletteCommands } from './usePaletteCommands.ts';

const debounceMs = 120;
const kinds: Record<SearchHit['kind'], string> = { computer: 'Computer', group: 'Group', job: 'Job', folder: 'Folder', image: 'Image', run: 'Run' };

const [store, palette] = createSpotlight();
/** enter: pressed while the answer to what was typed was still on its way. */
const waiting = { searching: false, enter: false };

/** Where the focus was: it goes back at once as the palette closes, so that a page opened by a command keeps what it focuses itself. */
let cameFrom: Element | null = null;
function goBack(): void {
  requestAnimationFrame(() => {
    if (document.activeElement === document.body && cameFrom instanceof HTMLElement) cameFrom.focus({ preventScroll: true });
  });
}

export function openPalette(): void {
  waiting.enter = false;
  cameFrom = document.activeElement;
  palette.open();
  catchTyping();
}

/** Who types on at once types into the palette: what comes before its field has the focus is kept for it, and reaches nothing else. */
let keep: (text: string) => void = () => undefined;
function catchTyping(): void {
  const controller = new AbortController();
  const { signal } = controller;
  document.addEventListener('keydown', (event) => {
    if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    keep(event.key);
  }, { signal, capture: true });
  document.addEventListener('focusin', (event) => { if (event.target instanceof HTMLInputElement) controller.abort(); }, { signal });
  setTimeout(() => controller.abort(), 1000);
}

/** The first row is the one Enter takes, also when rows came later than what was typed; the component itself does so only as one types. */
function selectFirst(): void {
  for (const row of document.querySelectorAll('[data-action][data-selected]')) delete (row as HTMLElement).dataset['selected'];
  document.querySelector('[data-action]')?.setAttribute('data-selected', 'true');
  store.updateState((state) => ({ ...state, selected: 0 }));
}

export function Palette({ onKeys }: { onKeys: () => void }) {
  const [typed, setTyped] = useState('');
  useEffect(() => { keep = (text) => setTyped((now) => now + text); }, []);
  return (
    <Spotlight.Root
      store={store} returnFocus={false} onSpotlightClose={goBack} query={typed} onQueryChange={(text) => { waiting.enter = false; setTyped(text); }} shortcut={null} scrollable maxHeight={420} transitionProps={{ duration: 0 }} overlayProps={{ blur: 0, backgroundOpacity: 0.35 }} attributes={{ content: { 'aria-label': 'Search or run a command' } }}
      onKeyDownCapture={(event: React.KeyboardEvent) => {
        if (event.key !== 'Enter' || !waiting.searching) return;
        event.preventDefault();
        event.stopPropagation();
        waiting.enter = true;
      }}
    >
      <Spotlight.Search placeholder="Search or run a command" aria-label="Search or run a command" leftSection={<IconSearch size={18} stroke={1.6} />} />
      <Found typed={typed} onKeys={onKeys} />
    </Spotlight.Root>
  );
}

/** A component of its own: what is offered is put together only while the palette is open. */
function Found({ typed, onKeys }: { typed: string; onKeys: () => void }) {
  const trpc = useTRPC();
  const [, navigate] = useLocation();
  const [settled] = useDebouncedValue(typed.trim(), debounceMs);
  const { commands, places } = usePaletteCommands(onKeys);
  const asking = typed.trim() !== '';
  const search = useQuery(trpc.search.find.queryOptions({ text: settled, limit: 30 }, { enabled: settled !== '', staleTime: 0, gcTime: 30_000, placeholderData: keepPreviousData }));
  const hits = asking && settled !== '' ? (search.data ?? []) : [];
  const [fitting, going] = [matching(commands, typed), matching(places, typed)];
  const isSearching = asking && (settled !== typed.trim() || search.isFetching) && search.fetchStatus !== 'paused';
  useEffect(() => {
    waiting.searching = isSearching;
    if (isSearching || !asking) return;
    selectFirst();
    if (waiting.enter) {
      waiting.enter = false;
      document.querySelector<HTMLElement>('[data-action][data-selected]')?.click();
    }
  }, [isSearching, asking, settled]);
  const commandFirst = asking && fitting[0]?.label.toLocaleLowerCase().startsWith(typed.trim().toLocaleLowerCase()) === true;
  const objects = hits.length > 0 && (
    <Spotlight.ActionsGroup label="Objects">
      {hits.map((hit) => <Spotlight.Action key={hit.id} label={hit.kind === 'job' || hit.kind === 'folder' ? portalName(hit.name) : hit.name} description={[kinds[hit.kind], hit.detail].filter((part) => part !== '').join(' · ')} highlightQuery leftSection={<NodeIcon kind={hit.kind} />} onClick={() => navigate(`/${hit.id}`)} />)}
    </Spotlight.ActionsGroup>
  );
  return (
    <Spotlight.ActionsList>
      {!commandFirst && objects}
      {fitting.length > 0 && (
        <Spotlight.ActionsGroup label="Commands">
          {fitting.map(({ id, label, key, run }) => <Spotlight.Action key={id} label={label} highlightQuery leftSection={<IconCommand size={18} stroke={1.6} />} {...(key === undefined ? {} : { rightSection: <kbd>{key}</kbd> })} onClick={run} />)}
        </Spotlight.ActionsGroup>
      )}
      {commandFirst && objects}
      {going.length > 0 && (
        <Spotlight.ActionsGroup label="Places">
          {going.map(({ id, label, kind, run }) => <Spotlight.Action key={id} label={label} highlightQuery leftSection={<NodeIcon kind={kind} />} onClick={run} />)}
        </Spotlight.ActionsGroup>
      )}
      {search.isError && hits.length === 0 && <Spotlight.Empty>Objects could not be searched: {shownError(search.error).message}</Spotlight.Empty>}
      {hits.length + fitting.length + going.length === 0 && !search.isError && <Spotlight.Empty>{isSearching ? 'Looking…' : 'Nothing has this name, serial, address or text'}</Spotlight.Empty>}
    </Spotlight.ActionsList>
  );
}
