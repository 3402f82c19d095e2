// A moment: relative, with the exact time on hover.
import { useMinute } from './useNow.ts';
import { exactTime, relativeTime } from './time.ts';

export function When({ at }: { at: number }) {
  const now = useMinute();
  return <time dateTime={new Date(at).toISOString()} title={exactTime(at)}>{relativeTime(at, now)}</time>;
}
