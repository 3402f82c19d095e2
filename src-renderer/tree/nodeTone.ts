// Pure: which mark a tree node's state gets. Quiet by design: what is simply all right gets none.
import type { TreeNode } from '#shared/model/server.ts';
import type { Tone } from '../ui/StateMark.tsx';

const tones: Record<string, Tone> = {
  online: 'ok', serving: 'ok', starting: 'run', stopped: 'fail', verifying: 'run', running: 'run', copying: 'run', waiting: 'wait', queued: 'wait', damaged: 'fail', failed: 'fail', lost: 'warn', attention: 'warn', disabled: 'off', offline: 'wait', retiring: 'warn', retired: 'off',
};

export function nodeTone(node: TreeNode): Tone | null {
  return node.state === null ? null : (tones[node.state] ?? null);
}
