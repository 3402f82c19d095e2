// Officially signed iPXE files that were dropped in: what each is, whether it is used, and how to put them in and take them out.
import type { EnvironmentView } from '#shared/model/boot.ts';
import { formatBytes } from '#shared/units.ts';
import { Section } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import type { Tone } from '../ui/StateMark.tsx';
import classes from './Boot.module.css';

type Slot = EnvironmentView['signed'];
const states: Record<Slot['state'], { tone: Tone; words: string }> = { empty: { tone: 'off', words: 'Not used: Debian’s chain is' }, incomplete: { tone: 'warn', words: 'Not complete' }, ready: { tone: 'ok', words: 'In use' } };
const roles: Record<Slot['files'][number]['role'], string> = { shim: 'First part: what firmware checks', ipxe: 'Second part: iPXE', other: '' };

export function SignedSlot({ slot }: { slot: Slot }) {
  // Of a server that has no folder for it.
  if (slot.folder === '') return null;
  return (
    <Section title="Signed iPXE for Secure Boot">
      <div className={classes['media']}>
        <StateMark tone={states[slot.state].tone}>{states[slot.state].words}</StateMark>
        <p>{slot.text}</p>
      </div>
      {slot.files.length > 0 && (
        <table className={classes['table']}>
          <thead><tr><th scope="col">File</th><th scope="col">What it is</th><th scope="col">Signed by</th><th scope="col">Size</th></tr></thead>
          <tbody>
            {slot.files.map((file) => (
              <tr key={file.name}>
                <td><span className="mono">{file.name}</span></td>
                <td>{file.problem === null ? <span className="dim">{roles[file.role]}</span> : <StateMark tone="warn">{file.problem}</StateMark>}</td>
                <td className="dim">{file.signers.slice(0, 2).join(', ') || '–'}</td><td>{formatBytes(file.sizeBytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}
