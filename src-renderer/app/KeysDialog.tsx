// The list of keys behind `?`.
import { Modal } from '@mantine/core';
import classes from './KeysDialog.module.css';

const groups: { title: string; keys: [string, string][] }[] = [
  { title: 'Everywhere', keys: [['Ctrl K', 'Search or run a command'], ['Ctrl B', 'Go to the tree'], ['Ctrl Z', 'Undo, while its message is shown'], ['?', 'This list'], ['Esc', 'Close, or give up an edit']] },
  { title: 'In the tree', keys: [['↑ ↓', 'Move'], ['→ ←', 'Open or close a branch'], ['Home End', 'First, last'], ['letters', 'Jump to a name'], ['Enter', 'Open'], ['Space', 'Select one more'], ['Shift ↑ ↓', 'Select a range'], ['F2', 'Rename in place'], ['Del', 'Move to the trash'], ['Shift F10', 'Commands for this object']] },
];

export function KeysDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Keys" size={640} closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className={classes['groups']}>
        {groups.map((group) => (
          <section key={group.title} aria-label={group.title}>
            <h2>{group.title}</h2>
            <dl>{group.keys.map(([key, what]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{what}</dd></div>)}</dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
