// The dialogs that concern objects of the tree, opened from anywhere: *Move to…* and *Merge…*. One is open at a time.
import { MergeDialog } from '../computers/MergeDialog.tsx';
import { MoveDialog } from './MoveDialog.tsx';
import { openObjectDialog, useObjectDialog } from './objectDialogStore.ts';

export function ObjectDialogs() {
  const dialog = useObjectDialog();
  const close = (): void => openObjectDialog(null);
  return (
    <>
      <MoveDialog items={dialog?.kind === 'move' ? dialog.items : null} onClose={close} />
      <MergeDialog request={dialog?.kind === 'merge' ? dialog : null} onClose={close} />
    </>
  );
}
