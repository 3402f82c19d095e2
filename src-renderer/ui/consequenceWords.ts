// Pure: the words and tones of consequences, and their order: what stands in the way, then what is lost.
import type { Consequence } from '#shared/model/replication.ts';

export const consequenceWords: Record<Consequence['kind'], { tone: 'ok' | 'warn' | 'wait' | 'fail'; word: string }> = {
  refusal: { tone: 'fail', word: 'Refused' }, loss: { tone: 'warn', word: 'Loss' }, gain: { tone: 'ok', word: 'Gain' }, note: { tone: 'wait', word: 'Note' },
};
const order: Consequence['kind'][] = ['refusal', 'loss', 'gain', 'note'];

export function sortedConsequences(consequences: readonly Consequence[]): Consequence[] {
  return consequences.toSorted((left, right) => order.indexOf(left.kind) - order.indexOf(right.kind));
}
