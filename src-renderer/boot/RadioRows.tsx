// Choices as rows, each with what it means: one is chosen by a click anywhere on its row, or by the arrow keys.
import { useId } from 'react';
import type { ReactNode } from 'react';
import classes from './Boot.module.css';

export type RadioRow<Value extends string> = { value: Value; title: ReactNode; text?: ReactNode; disabled?: boolean };
type Props<Value extends string> = { label: string; value: Value | null; rows: RadioRow<Value>[]; disabled?: boolean; problem?: string | null; onChange: (value: Value) => void; groupRef?: React.Ref<HTMLDivElement> };

export function RadioRows<Value extends string>({ label, value, rows, disabled = false, problem = null, onChange, groupRef }: Props<Value>) {
  const id = useId();
  return (
    <div role="radiogroup" aria-label={label} className={classes['rows']} ref={groupRef} {...(problem === null ? {} : { 'aria-describedby': `${id}-problem`, 'aria-invalid': true })}>
      {problem !== null && <p id={`${id}-problem`} role="alert" className={classes['missing']}>{problem}</p>}
      {rows.map((row) => {
        const off = disabled || row.disabled === true;
        return (
          <label key={row.value} className={classes['choice']} data-checked={row.value === value} data-disabled={off}>
            <input type="radio" name={id} value={row.value} checked={row.value === value} disabled={off} onChange={() => onChange(row.value)} />
            <span className={classes['choiceTitle']}>{row.title}</span>
            {row.text !== undefined && row.text !== null && <span className={classes['choiceText']}>{row.text}</span>}
          </label>
        );
      })}
    </div>
  );
}
