// The line between tree and detail: dragged, or moved with arrow keys; 220 to 480 px, remembered by this browser.
import { useLocalStorage } from '@mantine/hooks';
import { useState } from 'react';
import classes from './Frame.module.css';

const narrowest = 220;
const widest = 480;
const clamp = (width: number): number => Math.round(Math.min(widest, Math.max(narrowest, width)));

export function useTreeWidth() {
  return useLocalStorage<number>({ key: 'platen.tree.width', defaultValue: 264, getInitialValueInEffect: false });
}

export function Splitter({ width, onWidth }: { width: number; onWidth: (width: number) => void }) {
  const [dragging, setDragging] = useState(false);
  return (
    <div
      className={classes['splitter']} data-dragging={dragging} role="separator" aria-orientation="vertical" aria-label="Width of the tree" tabIndex={0}
      aria-valuenow={width} aria-valuemin={narrowest} aria-valuemax={widest}
      onPointerDown={(event) => { event.currentTarget.setPointerCapture(event.pointerId); setDragging(true); }}
      onPointerMove={(event) => { if (dragging) onWidth(clamp(event.clientX)); }}
      onPointerUp={() => setDragging(false)}
      onDoubleClick={() => onWidth(264)}
      onKeyDown={(event) => {
        if (event.key === 'ArrowLeft') onWidth(clamp(width - 16));
        if (event.key === 'ArrowRight') onWidth(clamp(width + 16));
      }}
    />
  );
}
