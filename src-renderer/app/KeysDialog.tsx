// The list of keys behind `?`.
import { Modal } from '@mantine/core';
import classes from './KeysDialog.module.css';

const groups: { title: string; keys: [string, string][] }[] = [
  { title: 'Everywhere', keys: [['Ctrl K', 'Find anything, run a command'], ['Ctrl B', 'Go to the tree'], ['Ctrl Z', 'Undo what this window did last'], ['?', 'This list'], ['Esc', 'Close, give up an edit or a drag']] },
  { title: 'In the tree: move', keys: [['↑ ↓', 'Move'], ['→ ←', 'Open or close a branch'], ['Home End', 'First, last'], ['letters', 'Jump to a name'], ['Enter', 'Open'], ['Space', 'Select one more'], ['Shift ↑ ↓', 'Select a range'], ['Ctrl A', 'Select all of a branch']] },
  { title: 'In the tree: change', keys: [['F2', 'Rename in place'], ['Ctrl D', 'Duplicate a job or folder'], ['Del', 'Move to the trash'], ['Shift F10', 'Commands: Run on…, Move to…, Merge…']] },
  { title: 'With the mouse', keys: [['drag', 'Computers and jobs to another place'], ['drag a job', 'On a computer or group: asks to run it there'], ['Ctrl click', 'Select one more'], ['Shift click', 'Select a range']] },
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
