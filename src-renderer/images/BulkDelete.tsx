// Moving many images to the trash at once: what can't be is skipped, and said with its reason until somebody dismisses it.
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { ImageSummary } from '#shared/model/image.ts';
import type { ShownError } from '../errors.ts';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { StateIcon } from '../ui/StateMark.tsx';
import { exactTime } from '../ui/time.ts';
import { useImageActions } from './useImageActions.tsx';
import classes from './BulkDelete.module.css';

type Left = { guid: string; name: string; createdAt: number; reason: string };
export type BulkDelete = { busy: boolean; skipped: readonly Left[]; failure: ShownError | null; trash: (images: readonly ImageSummary[]) => Promise<void>; dismiss: () => void };

export function useBulkDelete(): BulkDelete {
  const actions = useImageActions();
  const [busy, setBusy] = useState(false);
  const [skipped, setSkipped] = useState<readonly Left[]>([]);
  const [failure, setFailure] = useState<ShownError | null>(null);
  const dismiss = (): void => { setSkipped([]); setFailure(null); };
  const trash = async (images: readonly ImageSummary[]): Promise<void> => {
    setBusy(true);
    dismiss();
    const answer = await actions.trashMany(images.map((image) => ({ image: image.guid, name: image.name })));
    if (Array.isArray(answer)) setSkipped(images.flatMap((image) => answer.filter((each) => each.target.image === image.guid).map(({ reason }) => ({ guid: image.guid, name: image.name, createdAt: image.createdAt, reason }))));
    else setFailure(answer);
    setBusy(false);
  };
  return { busy, skipped, failure, trash, dismiss };
}

export function Skipped({ bulk: { skipped, failure, dismiss } }: { bulk: BulkDelete }) {
  if (failure !== null) return <div className={classes['block']}><ErrorBlock title="The images could not be moved to the trash" error={failure} onDismiss={dismiss} /></div>;
  if (skipped.length === 0) return null;
  return (
    <section className={classes['block']} aria-label="Skipped">
      <p role="alert"><strong>{skipped.length === 1 ? '1 image was skipped' : `${skipped.length} images were skipped`}</strong> and {skipped.length === 1 ? 'stays where it is' : 'stay where they are'}. <Button variant="subtle" color="gray" size="compact-sm" onClick={dismiss}>Dismiss</Button></p>
      <ul className={classes['list']}>
        {skipped.map((each) => <li key={each.guid}><StateIcon tone="warn" /><span><strong>{each.name}</strong> <span className="dim">{exactTime(each.createdAt)} · <span className="mono">{each.guid.slice(0, 8)}</span></span><br />{each.reason}</span></li>)}
      </ul>
    </section>
  );
}
