// Rows that are being fetched, in their final size.
import { Skeleton } from '@mantine/core';
import classes from './JobPage.module.css';

export function RowsSkeleton() {
  return <div aria-hidden className={classes['rows']}>{Array.from({ length: 5 }, (_, index) => <div key={index}><Skeleton h={10} w={260 + ((index * 67) % 180)} /></div>)}</div>;
}
