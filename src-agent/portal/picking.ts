// Owns the way from a chosen item to a scheduled run: its name screen, what will be erased, the pick. Pure.
import { computerNameProblem } from '#shared/model/computer-name.ts';
import type { MenuItem } from '#shared/model/menu.ts';
import { erasePlan } from './erasing.ts';
import type { Key } from './keys.ts';
import { findItem, go, isEnterHeld, leastForErasing, NAME_CHECK_AFTER_MS, serverAway, stay, toMenu, withNote } from './state.ts';
import type { Command, NameEntry, Open, Outcome, PortalState, Stage, Step } from './state.ts';

type NameStage = Extract<Stage, { kind: 'name' }>;
type EraseStage = Extract<Stage, { kind: 'erase' }>;
/** Longer than any name may be: one sees what one typed, and why it is too long. */
const longestEntry = 40;
/** After the server could not say. */
const askAgainMs = 5000;

export function startItem(state: PortalState, item: MenuItem): Step {
  const { open } = state;
  if (open === null) return stay(state);
  const editable = !open.named || open.settings.portalRenameKnown;
  const plan = erasePlan(item, open, state.disks);
  // Where the name can't be changed, the erase screen shows it; without one, this screen is what keeps a slip of the hand from starting something.
  if (plan.kind === 'cannot' || (!editable && plan.kind === 'erases')) return go(state, { kind: 'erase', item: item.id, name: null, back: state.stage });
  const value = open.named ? open.computerName : open.proposedName;
  return go(state, { kind: 'name', item: item.id, entry: { value, cursor: [...value].length, editable, editedAt: state.now - NAME_CHECK_AFTER_MS, checked: null, asking: null, submitted: false } });
}

/** What is known to be wrong with the name now; null: nothing, as far as is known. */
export function nameProblem(open: Open, entry: NameEntry): string | null {
  if (keepsName(open, entry.value)) return null;
  return computerNameProblem(entry.value) ?? (entry.checked?.name === entry.value ? entry.checked.problem : null);
}

export function isNameChecked(open: Open, entry: NameEntry): boolean {
  return keepsName(open, entry.value) || entry.checked?.name === entry.value;
}

/** A known computer's own name is never wrong: it may be older than the rules. */
export function keepsName(open: Open, value: string): boolean {
  return open.named && value === open.computerName;
}

export function nameKey(state: PortalState, stage: NameStage, key: Key): Step {
  if (key.name === 'escape') return toMenu(state);
  if (key.name === 'enter') return submit(state, { ...stage, entry: { ...stage.entry, submitted: true } });
  const edited = stage.entry.editable ? edit(stage.entry, key) : null;
  if (edited === null) return stay(state);
  const changed = edited.value !== stage.entry.value;
  return go(state, { ...stage, entry: changed ? { ...stage.entry, ...edited, editedAt: state.now, submitted: false } : { ...stage.entry, ...edited } });
}

/** Asks the server about a name that has stood for a moment; goes on where Enter waits for its word. */
export function nameTick(state: PortalState, stage: NameStage): Step {
  const { open } = state;
  const { entry } = stage;
  if (open === null || state.server?.state === 'away' || entry.asking !== null || isNameChecked(open, entry) || computerNameProblem(entry.value) !== null) return stay(state);
  if (!entry.submitted && state.now - entry.editedAt < NAME_CHECK_AFTER_MS) return stay(state);
  return go(state, { ...stage, entry: { ...entry, asking: entry.value } }, [{ type: 'check-name', name: entry.value }]);
}

export function nameChecked(state: PortalState, stage: NameStage, outcome: Extract<Outcome, { type: 'name-checked' }>): Step {
  const entry: NameEntry = { ...stage.entry, asking: null, ...(outcome.error === null ? { checked: { name: outcome.name, problem: outcome.problem } } : { submitted: false, editedAt: state.now + askAgainMs }) };
  const next = { ...stage, entry };
  if (outcome.error !== null) return go(withNote(state, outcome.error.message), next);
  return entry.submitted ? submit(state, next) : nameTick({ ...state, stage: next }, next);
}

function submit(state: PortalState, stage: NameStage): Step {
  const { open } = state;
  if (open === null) return toMenu(state);
  if (nameProblem(open, stage.entry) !== null) return go(state, { ...stage, entry: { ...stage.entry, submitted: false } });
  if (state.server?.state === 'away') return go(withNote(state, serverAway), { ...stage, entry: { ...stage.entry, submitted: false } });
  if (!isNameChecked(open, stage.entry)) return nameTick({ ...state, stage }, stage);
  const item = findItem(open, stage.item);
  if (item === null) return toMenu(withNote(state, 'This item is no longer offered.'));
  const name = keepsName(open, stage.entry.value) ? null : stage.entry.value;
  const back: Stage = { ...stage, entry: { ...stage.entry, submitted: false } };
  if (erasePlan(item, open, state.disks).kind !== 'none') return go(state, { kind: 'erase', item: item.id, name, back });
  return pick(state, item, name);
}

export function eraseKey(state: PortalState, stage: EraseStage, key: Key): Step {
  if (key.name === 'escape') return go(state, stage.back);
  const item = state.open === null ? null : findItem(state.open, stage.item);
  if (key.name !== 'enter' || item === null || state.open === null) return stay(state);
  // Nobody says yes to what is not on the screen.
  if (state.isTiny && erasePlan(item, state.open, state.disks).kind === 'erases') return stay(withNote(state, `This terminal is too small to show what would be erased: ${leastForErasing.columns} by ${leastForErasing.rows} at least.`));
  if (isEnterHeld(state)) return stay(withNote(state, 'Enter is held down, so nothing is erased. Let go, then press it once.'));
  if (state.server?.state === 'away') return stay(withNote(state, serverAway));
  return erasePlan(item, state.open, state.disks).kind === 'cannot' ? stay(state) : pick(state, item, stage.name);
}

/** What the erase screen says, as far as Enter means it; null where it asks nothing. */
function asked(state: PortalState): string | null {
  if (state.stage.kind !== 'erase' || state.open === null) return null;
  const item = findItem(state.open, state.stage.item);
  const plan = item === null ? null : erasePlan(item, state.open, state.disks);
  return plan?.kind === 'erases' ? JSON.stringify(plan.disks.map(({ disk, images }) => [disk.path, disk.serial, disk.sizeBytes, images])) : null;
}

/** News of disks and jobs: Enter must never mean more than was on the screen when the finger began to move. */
export function sameErasing(before: PortalState, step: Step): Step {
  const now = asked(step.state);
  if (before.stage.kind !== 'erase' || now === null || now === asked(before)) return step;
  return toMenu(withNote(step.state, 'What would be erased has changed meanwhile, so nothing was started. Choose again, and look at the disks.'));
}

function pick(state: PortalState, item: MenuItem, name: string | null): Step {
  const commands: Command[] = [{ type: 'pick', item: item.id, name }];
  // What was said about the keys before this yes is no longer true.
  return go({ ...state, note: null }, { kind: 'scheduling', title: item.label, phase: 'asking', since: state.now, error: null }, commands);
}

type Edited = Pick<NameEntry, 'value' | 'cursor'>;

function edit(entry: NameEntry, key: Key): Edited | null {
  const chars = [...entry.value];
  const { cursor } = entry;
  const at = (value: string[], place: number): Edited => ({ value: value.join(''), cursor: Math.max(0, Math.min(value.length, place)) });
  switch (key.name) {
    case 'left': return at(chars, cursor - 1);
    case 'right': return at(chars, cursor + 1);
    case 'home': return at(chars, 0);
    case 'end': return at(chars, chars.length);
    case 'backspace': return cursor === 0 ? null : at(chars.toSpliced(cursor - 1, 1), cursor - 1);
    case 'delete': return at(chars.toSpliced(cursor, 1), cursor);
    case 'ctrl-u':
    case 'ctrl-w': return at([], 0);
    case 'paste':
    case 'text': return insert(chars, cursor, [...key.text]);
    default: return null;
  }
}

function insert(chars: string[], cursor: number, added: string[]): Edited {
  const fitting = added.slice(0, longestEntry - chars.length);
  return { value: chars.toSpliced(cursor, 0, ...fitting).join(''), cursor: cursor + fitting.length };
}
