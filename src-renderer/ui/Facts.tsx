// Names and values of one object, in two columns aligned by their edges; rules instead of boxes.
import { Skeleton } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './Facts.module.css';

export type Fact = { name: string; value: ReactNode };

export function Facts({ facts }: { facts: (Fact | null)[] }) {
  return (
    <dl className={classes['facts']}>
      {facts.map((fact) => fact && (
        <div key={fact.name}>
          <dt>{fact.name}</dt>
          <dd>{fact.value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function FactsSkeleton({ rows }: { rows: number }) {
  return (
    <div className={classes['facts']} aria-hidden>
      {Array.from({ length: rows }, (_, index) => <div key={index}><Skeleton h={10} w={90} my={5} /><Skeleton h={10} w={160 + ((index * 53) % 120)} my={5} /></div>)}
    </div>
  );
}
