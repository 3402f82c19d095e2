// The context menu of a tree node, opened by right click, by the menu key or by the row's ⋯; for the whole selection where the node is part of it.
import { Menu } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { nameOf } from './dropRules.ts';
import type { DragItem } from './dropRules.ts';
import type { NodeRow } from './treeModel.ts';
import { imageOfNode, keyOf } from './nodePlaces.ts';
import { openObjectDialog } from './objectDialogStore.ts';
import { abilitiesOf } from './useNodeCommands.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { useImageActions } from '../images/useImageActions.tsx';

type Props = {
  x: number; y: number; row: NodeRow | undefined; items: readonly DragItem[];
  onClose: () => void; onOpen: () => void; onRename: () => void; onTrash: () => void; onDuplicate: () => void; onRun: () => void; onMove: () => void; onNew: (what: 'group' | 'folder' | 'job') => void;
};

export function TreeMenu({ x, y, row, items, onClose, onOpen, onRename, onTrash, onDuplicate, onRun, onMove, onNew }: Props) {
  const connected = useConnected();
  if (row === undefined) return null;
  const can = abilitiesOf(items.map((item) => item.id));
  const about = items.length > 1 ? nameOf(items) : row.node.name;
  const image = items.length === 1 ? imageOfNode(row.node.id) : null;
  // What takes the focus itself waits until the menu has given it back.
  const then = (act: () => void) => (): void => { requestAnimationFrame(act); };
  const item = (label: string, act: () => void, key?: string) => <Menu.Item disabled={!connected} onClick={then(act)} {...(key === undefined ? {} : { rightSection: <kbd>{key}</kbd> })}>{label}</Menu.Item>;
  return (
    <Menu opened onClose={onClose} position="bottom-start" width={230} trapFocus returnFocus={false}>
      <Menu.Target><button type="button" tabIndex={-1} aria-label={`Commands for ${about}`} style={{ position: 'fixed', left: x, top: y, width: 1, height: 1, padding: 0, border: 0, opacity: 0 }} /></Menu.Target>
      <Menu.Dropdown aria-label={`Commands for ${about}`}>
        {items.length > 1 ? <Menu.Label>{about}</Menu.Label> : <Menu.Item rightSection={<kbd>Enter</kbd>} onClick={onOpen}>Open</Menu.Item>}
        {can.run && item('Run on…', onRun)}
        {(can.newJob || can.newGroup) && <Menu.Divider />}
        {can.newJob && item('New job', () => onNew('job'))}
        {can.newJob && item('New folder', () => onNew('folder'))}
        {can.newGroup && item('New group', () => onNew('group'))}
        {(can.rename || can.move || can.duplicate || can.merge) && <Menu.Divider />}
        {can.rename && item('Rename', onRename, 'F2')}
        {can.duplicate && item('Duplicate', onDuplicate, 'Ctrl D')}
        {can.move && item('Move to…', onMove)}
        {can.merge && item('Merge…', () => merge(items))}
        {image !== null && <ImageItems guid={image} name={row.node.name} />}
        {can.trash && <Menu.Divider />}
        {can.trash && item(items.every((each) => each.id.startsWith('group/')) ? (items.length > 1 ? `Delete ${items.length} groups` : 'Delete group') : items.length > 1 ? `Move ${items.length} to trash` : 'Move to trash', onTrash, 'Del')}
      </Menu.Dropdown>
    </Menu>
  );
}

function merge(items: readonly DragItem[]): void {
  const [first, second] = items.map((each) => ({ id: keyOf(each.id) ?? '', name: each.name }));
  if (first !== undefined) openObjectDialog({ kind: 'merge', computer: first, ...(second === undefined ? {} : { with: second }) });
}

function ImageItems({ guid, name }: { guid: string; name: string }) {
  const trpc = useTRPC();
  const actions = useImageActions();
  const connected = useConnected();
  const { data: image } = useQuery(trpc.images.get.queryOptions({ image: guid }));
  return (
    <>
      <Menu.Item disabled={!connected} onClick={() => actions.verify({ image: guid, name })}>Verify</Menu.Item>
      {image && <Menu.Item disabled={!connected} onClick={() => actions.setEnabled({ image: guid, name, enabled: !image.enabled })}>{image.enabled ? 'Disable' : 'Enable'}</Menu.Item>}
      {image && <Menu.Item disabled={!connected} onClick={() => actions.setProtected({ image: guid, name, protected: !image.protected })}>{image.protected ? 'Remove protection' : 'Protect'}</Menu.Item>}
    </>
  );
}
