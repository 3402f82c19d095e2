// Owns what keys do in the tree: letters jump to names, commands act on what is meant, arrows move and select.
import { moveFor, typeAhead } from './treeModel.ts';
import type { TreeRow } from './treeModel.ts';
import type { Abilities } from './useNodeCommands.ts';
import type { TreeSelection } from './useTreeSelection.ts';

const typeAheadMs = 700;

type Parts = {
  rows: TreeRow[]; selection: TreeSelection;
  expand: (id: string) => void; collapse: (id: string) => void; focusRow: (id: string) => void; pageRows: () => number;
  /** What was typed so far, and when; kept between keys. */
  typed: { text: string; at: number };
  /** Of what a command at this row would be about. */
  abilities: (id: string) => Abilities;
  commands: Record<'open' | 'rename' | 'trash' | 'duplicate', (id: string) => void>;
};

/** The handler; true where the key was the tree's. */
export function treeKeys({ rows, selection, expand, collapse, focusRow, pageRows, typed, abilities, commands }: Parts) {
  const { current } = selection;
  const letter = (event: React.KeyboardEvent): boolean => {
    if (event.key.length !== 1 || event.key === ' ' || event.key === '?' || event.ctrlKey || event.metaKey || event.altKey) return false;
    const now = Date.now();
    typed.text = now - typed.at < typeAheadMs ? typed.text + event.key : event.key;
    typed.at = now;
    const found = typeAhead(rows, current, typed.text);
    if (found !== null) { selection.pick(found); focusRow(found); }
    return true;
  };
  const chord = (key: string, at: string): boolean => {
    if (key === 'd' && abilities(at).duplicate) commands.duplicate(at);
    else if (key === 'a') selection.selectSiblings(at);
    else if (key === ' ') selection.toggle(at);
    // Not the browser's bookmark either.
    else return key === 'd';
    return true;
  };
  const command = (event: React.KeyboardEvent): boolean => {
    if (current === null || event.altKey) return false;
    if (event.ctrlKey || event.metaKey) return chord(event.key, current);
    if (event.key === 'Enter') commands.open(current);
    else if (event.key === ' ') selection.toggle(current);
    else if (event.key === 'F2' && abilities(current).rename) commands.rename(current);
    else if (event.key === 'Delete' && abilities(current).trash) commands.trash(current);
    else if (event.key === 'Escape') selection.clear();
    else return false;
    return true;
  };
  const move = (event: React.KeyboardEvent): boolean => {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const step = moveFor(rows, current, event.key, pageRows());
    if (step === null) return false;
    if ('expand' in step) expand(step.expand);
    else if ('collapse' in step) collapse(step.collapse);
    else {
      if (event.shiftKey) selection.extendTo(step.focus);
      else selection.pick(step.focus);
      focusRow(step.focus);
    }
    return true;
  };
  return (event: React.KeyboardEvent): boolean => letter(event) || command(event) || move(event);
}
