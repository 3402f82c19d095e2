// What a change would do, in lines: icon, word and sentence, what stands in the way first; told before anything is changed.
import { useState } from 'react';
import type { Consequence } from '#shared/model/replication.ts';
import { StateMark } from './StateMark.tsx';
import { consequenceWords, sortedConsequences } from './consequenceWords.ts';
import classes from './Consequences.module.css';

/** More than a person reads at once; the rest on request. */
const first = 100;

export function Consequences({ consequences }: { consequences: readonly Consequence[] }) {
  const [all, setAll] = useState(false);
  const told = sortedConsequences(consequences);
  const shown = all ? told : told.slice(0, first);
  if (told.length === 0) return <p>Nothing moves.</p>;
  return (
    <ul className={classes['told']} tabIndex={0} aria-label="What will happen">
      {shown.map((each, index) => <li key={`${index} ${each.text}`}><StateMark tone={consequenceWords[each.kind].tone}>{consequenceWords[each.kind].word}</StateMark><span>{each.text}</span></li>)}
      {shown.length < told.length && <li><span /><button type="button" className={classes['link']} onClick={() => setAll(true)}>Show {told.length - shown.length} more</button></li>}
    </ul>
  );
}
