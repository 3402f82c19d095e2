// What needs a person, as the server says it, each with the way there. Nothing at all when there is nothing.
import { Link } from 'wouter';
import type { ServerStatus } from '#shared/model/server.ts';
import { Section } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import classes from './HomePage.module.css';

export function Attention({ status }: { status: ServerStatus }) {
  if (status.problems.length === 0) return null;
  return (
    <Section title="Needs attention">
      <ul className={classes['problems']}>
        {status.problems.map((problem) => (
          <li key={`${problem.code} ${problem.message}`}>
            <StateMark tone="warn">{' '}</StateMark>
            <span>{problem.message}</span>
            {problem.link !== null && <Link href={problem.link.startsWith('/') ? problem.link : `/${problem.link}`}>Open</Link>}
          </li>
        ))}
      </ul>
    </Section>
  );
}
