// The dialog that puts a capture or deploy command together: which image, which disk, then the exact line to run.
import { Autocomplete, Modal, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { imageNameSchema } from '#shared/model/image.ts';
import { useTRPC } from '../api.ts';
import { CaptureCommand } from './CaptureCommand.tsx';
import { closeCommandDialog, useCommandRequest } from './captureDialogStore.ts';
import classes from './CaptureCommand.module.css';

export function CaptureDialog() {
  const request = useCommandRequest();
  const trpc = useTRPC();
  const [image, setImage] = useState('');
  const [disk, setDisk] = useState('/dev/sda');
  const images = useQuery(trpc.images.list.queryOptions({}, { enabled: request !== null }));
  useEffect(() => {
    if (request === null) return;
    setImage(request.image);
    // A disk is never overwritten by a suggestion: the first one is usually the running system's.
    setDisk(request.task === 'deploy' ? '/dev/sdb' : '/dev/sda');
  }, [request]);
  const capture = request?.task !== 'deploy';
  const checked = imageNameSchema.safeParse(image);
  const known = images.data?.find((each) => each.name === image.trim());
  return (
    <Modal opened={request !== null} onClose={closeCommandDialog} size={720} title={capture ? 'Capture a disk' : `Deploy ${request?.image ?? ''}`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className={classes['form']}>
        {capture && (
          <Autocomplete
            label="Image" description={known === undefined ? 'A name nobody has makes a new image.' : `Adds version ${(known.newest?.number ?? 0) + 1} to this image.`} data-autofocus
            openOnFocus={false} data={(images.data ?? []).map((each) => each.name)} value={image} onChange={setImage} error={image !== '' && !checked.success ? checked.error.issues[0]?.message : null}
          />
        )}
        <TextInput label="Disk" description={capture ? 'The disk is only read, never written.' : 'Everything on this disk is replaced. The command refuses a disk that is mounted, too small, or the one the system runs from.'} value={disk} onChange={(event) => setDisk(event.currentTarget.value)} {...(capture ? {} : { 'data-autofocus': true })} />
        <CaptureCommand task={capture ? 'capture' : 'deploy'} image={image.trim() === '' ? 'New image' : image.trim()} disk={disk.trim() === '' ? (capture ? '/dev/sda' : '/dev/sdb') : disk.trim()} version={request?.version} />
      </div>
    </Modal>
  );
}
