// The context menu of a tree node, opened by right click, by the menu key or by the row's ⋯.
import { Menu } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { NodeRow } from './treeModel.ts';
import { imageOfNode } from './nodePlaces.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { useImageActions } from '../images/useImageActions.tsx';

type Props = { x: number; y: number; row: NodeRow | undefined; count: number; onClose: () => void; onOpen: () => void; onRename: () => void; onTrash: () => void };

export function TreeMenu({ x, y, row, count, onClose, onOpen, onRename, onTrash }: Props) {
  const trpc = useTRPC();
  const actions = useImageActions();
  const connected = useConnected();
  const guid = row === undefined ? null : imageOfNode(row.node.id);
  const { data: image } = useQuery(trpc.images.get.queryOptions({ image: guid ?? '' }, { enabled: guid !== null }));
  if (row === undefined) return null;
  return (
    <Menu opened onClose={onClose} position="bottom-start" width={220} trapFocus returnFocus={false}>
      <Menu.Target><button type="button" tabIndex={-1} aria-label={`Commands for ${row.node.name}`} style={{ position: 'fixed', left: x, top: y, width: 1, height: 1, padding: 0, border: 0, opacity: 0 }} /></Menu.Target>
      <Menu.Dropdown aria-label={`Commands for ${row.node.name}`}>
        <Menu.Item rightSection={<kbd>Enter</kbd>} onClick={onOpen}>Open</Menu.Item>
        {guid !== null && (
          <>
            <Menu.Item rightSection={<kbd>F2</kbd>} disabled={!connected} onClick={() => requestAnimationFrame(onRename)}>Rename</Menu.Item>
            <Menu.Item disabled={!connected} onClick={() => actions.verify({ image: guid, name: row.node.name })}>Verify</Menu.Item>
            {image && <Menu.Item disabled={!connected} onClick={() => actions.setEnabled({ image: guid, name: image.name, enabled: !image.enabled })}>{image.enabled ? 'Disable' : 'Enable'}</Menu.Item>}
            {image && <Menu.Item disabled={!connected} onClick={() => actions.setProtected({ image: guid, name: image.name, protected: !image.protected })}>{image.protected ? 'Remove protection' : 'Protect'}</Menu.Item>}
            <Menu.Divider />
            <Menu.Item rightSection={<kbd>Del</kbd>} disabled={!connected} onClick={onTrash}>{count > 1 ? `Move ${count} to trash` : 'Move to trash'}</Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
