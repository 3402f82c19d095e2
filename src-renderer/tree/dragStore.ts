// Owns a drag under way: pointer events of our own rather than the browser's drag and drop, so that words, forbidden places,
// scrolling and Esc are ours to show. Anything may start one; anything with data-drop is a place to drop on.
import { useSyncExternalStore } from 'react';
import { judgeDrop } from './dropRules.ts';
import type { DragItem, Drop, DropTarget, Verdict } from './dropRules.ts';

/** over: the node under the pointer, or null where there is none. */
export type Drag = { items: readonly DragItem[]; x: number; y: number; over: DropTarget | null; verdict: Verdict };
type Hooks = { onDrop: (drop: Drop, items: readonly DragItem[]) => void; /** The pointer rests on a closed branch. */ onRest: (id: string) => void };

const startAfterPx = 5;
const openAfterMs = 700;
const edgePx = 36;

let drag: Drag | null = null;
let hooks: Hooks | null = null;
const listeners = new Set<() => void>();
function set(next: Drag | null): void {
  drag = next;
  const root = document.documentElement;
  if (next === null) delete root.dataset['drag'];
  else root.dataset['drag'] = next.verdict.drop === null ? 'no' : 'yes';
  for (const listener of listeners) listener();
}
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => { listeners.delete(listener); };
}

export function useDrag(): Drag | null {
  return useSyncExternalStore(subscribe, () => drag);
}
/** What a row shows of the drag; a value of its own, so that rows the pointer is not on don't render again. */
export function useDropMark(id: string): 'yes' | 'no' | undefined {
  return useSyncExternalStore(subscribe, () => (drag === null || drag.over?.id !== id ? undefined : drag.verdict.drop === null ? 'no' : 'yes'));
}
export function useIsDragged(id: string): boolean {
  return useSyncExternalStore(subscribe, () => drag !== null && drag.items.some((item) => item.id === id));
}
/** Who acts on a drop; one at a time. */
export function answerDrops(answer: Hooks): () => void {
  hooks = answer;
  return () => { if (hooks === answer) hooks = null; };
}

/** What makes an element a place to drop on. */
export function dropPlace(target: DropTarget, closed = false): Record<`data-${string}`, string> {
  return { 'data-drop': target.id, 'data-drop-name': target.name, 'data-drop-path': target.path.join(' '), ...(closed ? { 'data-drop-closed': 'true' } : {}) };
}

/** On pointer down at something that can be dragged; a click stays a click until the pointer has moved. */
export function armDrag(event: React.PointerEvent, itemsOf: () => readonly DragItem[]): void {
  if (event.button !== 0 || event.pointerType === 'touch' || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const { clientX, clientY, pointerId } = event;
  const controller = new AbortController();
  const { signal } = controller;
  let frame = 0;
  let rest = { id: '', since: 0 };
  const end = (): void => {
    controller.abort();
    cancelAnimationFrame(frame);
    set(null);
  };
  const tick = (): void => {
    if (drag === null) return;
    scrollAtEdge(drag.x, drag.y);
    const over = placeAt(drag.x, drag.y);
    const now = performance.now();
    if (over === null || over.closed !== true) rest = { id: '', since: now };
    else if (rest.id !== over.id) rest = { id: over.id, since: now };
    else if (now - rest.since > openAfterMs) { rest = { id: over.id, since: Number.POSITIVE_INFINITY }; hooks?.onRest(over.id); }
    if (over?.id !== drag.over?.id) set(judged(drag.items, drag.x, drag.y, over));
    frame = requestAnimationFrame(tick);
  };
  const move = (moved: PointerEvent): void => {
    if (moved.pointerId !== pointerId) return;
    if (drag === null) {
      if (Math.hypot(moved.clientX - clientX, moved.clientY - clientY) < startAfterPx) return;
      const items = itemsOf();
      if (items.length === 0) return end();
      // Keeps the pointer also outside the window, and makes the click that follows nobody's.
      document.documentElement.setPointerCapture(pointerId);
      set(judged(items, moved.clientX, moved.clientY, null));
      frame = requestAnimationFrame(tick);
    }
    if (drag !== null) set(judged(drag.items, moved.clientX, moved.clientY, placeAt(moved.clientX, moved.clientY)));
  };
  document.addEventListener('pointermove', move, { signal });
  document.addEventListener('pointerup', () => {
    const done = drag;
    end();
    if (done !== null && done.verdict.drop !== null) hooks?.onDrop(done.verdict.drop, done.items);
  }, { signal });
  document.addEventListener('pointercancel', end, { signal });
  // A link or picture in the row must not start the browser's own drag.
  document.addEventListener('dragstart', (native) => native.preventDefault(), { signal });
  document.addEventListener('keydown', (key) => {
    if (key.key !== 'Escape' || drag === null) return;
    key.preventDefault();
    key.stopPropagation();
    end();
  }, { signal, capture: true });
}

function judged(items: readonly DragItem[], x: number, y: number, over: DropTarget | null): Drag {
  return { items, x, y, over, verdict: over === null ? { words: '', drop: null } : judgeDrop(items, over) };
}

function placeAt(x: number, y: number): (DropTarget & { closed: boolean }) | null {
  const element = document.elementFromPoint(x, y)?.closest<HTMLElement>('[data-drop]');
  if (!element) return null;
  const { drop = '', dropName = '', dropPath = '', dropClosed } = element.dataset;
  return { id: drop, name: dropName, path: dropPath.split(' ').filter((id) => id !== ''), closed: dropClosed === 'true' };
}

function scrollAtEdge(x: number, y: number): void {
  const scroller = document.elementFromPoint(x, y)?.closest<HTMLElement>('[data-drag-scrolls]');
  if (!scroller) return;
  const box = scroller.getBoundingClientRect();
  const speed = y < box.top + edgePx ? (y - box.top - edgePx) / 3 : y > box.bottom - edgePx ? (y - box.bottom + edgePx) / 3 : 0;
  if (speed !== 0) scroller.scrollTop += speed;
}
