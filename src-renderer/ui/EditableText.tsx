// Text edited in place: a button that turns into a field. Enter keeps, Escape gives up, an error stays under the field.
import { TextInput } from '@mantine/core';
import { IconPencil } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import classes from './EditableText.module.css';

type Props = {
  value: string;
  label: string;
  placeholder?: string;
  disabled?: boolean;
  /** What is wrong with this text, or null. */
  check?: (text: string) => string | null;
  onSave: (text: string) => void;
  size?: 'title' | 'text';
  /** Long text goes on in the next line instead of being elided. */
  wrap?: boolean;
  /** Begins as a field: for what was just made and has no name of its own yet. */
  editing?: boolean;
};

export function EditableText({ value, label, placeholder = '', disabled = false, check, onSave, size = 'text', wrap = false, editing = false }: Props) {
  const [draft, setDraft] = useState<string | null>(editing ? value : null);
  const button = useRef<HTMLButtonElement>(null);
  const error = draft === null ? null : (check?.(draft) ?? null);
  const leave = (): void => {
    setDraft(null);
    requestAnimationFrame(() => button.current?.focus());
  };
  const save = (): void => {
    if (draft === null || error !== null) return;
    if (draft.trim() !== value) onSave(draft.trim());
    leave();
  };
  if (draft !== null) {
    return (
      <TextInput
        className={classes['input'] ?? ''}
        data-size={size}
        aria-label={label}
        value={draft}
        error={error}
        data-autofocus
        autoFocus
        onFocus={(event) => event.currentTarget.select()}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onBlur={() => (error === null ? save() : setDraft(null))}
        onKeyDown={(event) => {
          if (event.key === 'Enter') save();
          if (event.key === 'Escape') leave();
          event.stopPropagation();
        }}
      />
    );
  }
  return (
    <button ref={button} type="button" className={classes['button']} data-size={size} data-wrap={wrap} disabled={disabled} aria-label={`${label}: ${value || placeholder}`} title={disabled ? undefined : `${label} (click to edit)`} onClick={() => setDraft(value)}>
      <span className={value === '' ? 'dim' : ''}>{value === '' ? placeholder : value}</span>
      {!disabled && <IconPencil size={14} className={classes['pencil']} aria-hidden />}
    </button>
  );
}
