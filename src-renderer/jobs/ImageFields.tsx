// Which image a task deploys or captures into: a list with state and size, the version, and how large a disk that needs.
import { Autocomplete, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { ImageSummary, VersionSummary } from '#shared/model/image.ts';
import { formatBytes } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { imageState, versionState } from '../images/imageWords.ts';
import { StateMark } from '../ui/StateMark.tsx';
import { exactTime } from '../ui/time.ts';
import type { SettingsProps } from './TaskSettings.tsx';
import classes from './TasksTab.module.css';

const newest = 'newest';

export function DeployImageFields({ task, locked, errorOf, onChange }: SettingsProps<'deploy'>) {
  const trpc = useTRPC();
  const images = useQuery(trpc.images.list.queryOptions({}));
  const chosen = task.imageGuid !== '';
  const detail = useQuery(trpc.images.get.queryOptions({ image: task.imageGuid }, { enabled: chosen }));
  const image = detail.data;
  const versions = image?.versions.filter((version) => version.trashedAt === null).toSorted((left, right) => right.number - left.number) ?? [];
  const listed = images.data ?? [];
  const gone = chosen && images.data !== undefined && !listed.some((each) => each.guid === task.imageGuid);
  const options = [...listed.map((each) => ({ value: each.guid, label: each.name })), ...(gone ? [{ value: task.imageGuid, label: task.imageName }] : [])];
  const deployed = task.version ?? image?.current ?? null;
  const trouble = image === undefined ? (gone ? 'This image is not there any more. Choose another one.' : null) : image.trashedAt !== null ? 'This image is in the trash, so the job can’t run. Restore it, or choose another one.' : !image.enabled ? 'This image is disabled, so the job can’t run. Enable it on its page, or choose another one.'
    : deployed === null ? 'No version of this image is enabled, so the job can’t run.' : versionTrouble(versions, deployed);
  const newestLabel = `Newest enabled${image === undefined || image.current === null ? '' : ` (now version ${image.current})`}`;
  const deleted = task.version !== null && image !== undefined && !versions.some((version) => version.number === task.version) ? [{ value: String(task.version), label: `Version ${task.version} (deleted)` }] : [];
  const { error, onFocus } = errorOf('imageGuid');
  return (
    <>
      <div className={classes['field']}>
        <Select
          label="Image" searchable allowDeselect={false} placeholder={images.data?.length === 0 ? 'There are no images yet: capture one first' : 'Choose an image'} nothingFoundMessage="No image has this in its name" disabled={locked} maxDropdownHeight={320}
          data={options} value={chosen ? task.imageGuid : null} error={error ?? (images.isError ? 'The images could not be read. Reload the page.' : trouble)} onFocus={onFocus} renderOption={({ option }) => <ImageOption image={listed.find((each) => each.guid === option.value)} label={option.label} />}
          onChange={(guid) => { if (guid !== null && guid !== task.imageGuid) onChange({ ...task, imageGuid: guid, imageName: options.find((option) => option.value === guid)?.label ?? '', version: null }, 'choice'); }}
        />
        {image !== undefined && (
          <p className={classes['facts']}>
            <StateMark tone={imageState(image).tone}>{imageState(image).word}</StateMark>
            {image.newest !== null && <span>{formatBytes(image.newest.usedBytes)} used</span>}
            <NeededDisk image={task.imageGuid} version={deployed} />
            <Link href={`/image/${task.imageGuid}`}>Open</Link>
          </p>
        )}
      </div>
      <Select
        label="Version" allowDeselect={false} disabled={locked || !chosen} maxDropdownHeight={320} value={task.version === null ? newest : String(task.version)}
        description={task.version === null ? 'Chosen when the job runs, so that a new capture needs no change here.' : 'Stays at this version, also when newer ones are captured.'}
        data={[{ value: newest, label: newestLabel }, ...versions.map((version) => ({ value: String(version.number), label: `Version ${version.number}` })), ...deleted]}
        renderOption={({ option }) => <VersionOption version={versions.find((version) => String(version.number) === option.value)} label={option.label} />}
        onChange={(value) => { if (value !== null) onChange({ ...task, version: value === newest ? null : Number(value) }, 'choice'); }}
      />
    </>
  );
}

function versionTrouble(versions: readonly VersionSummary[], number: number): string | null {
  const version = versions.find((each) => each.number === number);
  if (version === undefined) return `Version ${number} is not there any more. Choose another one.`;
  if (version.state === 'damaged') return `Version ${number} is damaged, so the job can’t run. Choose another version, or capture the image again.`;
  return version.enabled ? null : `Version ${number} is disabled, so the job can’t run. Enable it on the image’s page, or choose another one.`;
}

function NeededDisk({ image, version }: { image: string; version: number | null }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.images.version.queryOptions({ image, version: version ?? 1 }, { enabled: version !== null }));
  return query.data === undefined ? null : <span>needs a disk of {formatBytes(query.data.smallestTargetBytes)} or more</span>;
}

function ImageOption({ image, label }: { image: ImageSummary | undefined; label: string }) {
  if (image === undefined) return <span>{label}</span>;
  const state = imageState(image);
  return <span className={classes['option']}><span>{label}</span><StateMark tone={state.tone}>{state.word}</StateMark><span className={classes['size']}>{image.newest === null ? 'empty' : formatBytes(image.newest.usedBytes)}</span></span>;
}

function VersionOption({ version, label }: { version: VersionSummary | undefined; label: string }) {
  if (version === undefined) return <span>{label}</span>;
  const state = versionState(version);
  return <span className={classes['option']}><span>{label}<small> {version.note}</small></span><StateMark tone={state.tone}>{state.word}</StateMark><small title={exactTime(version.capturedAt)}>{exactTime(version.capturedAt).split(',')[0]}</small></span>;
}

export function CaptureImageField({ task, locked, errorOf, onChange }: SettingsProps<'capture'>) {
  const trpc = useTRPC();
  const images = useQuery(trpc.images.list.queryOptions({}));
  const known = images.data?.find((image) => image.name === task.imageName.trim());
  const template = /\{(name|serial|model|date)\}/.test(task.imageName);
  return (
    <Autocomplete
      label="Image" disabled={locked} maxLength={200} maxDropdownHeight={320} data={(images.data ?? []).map((image) => image.name)} value={task.imageName} {...errorOf('imageName')}
      description={known !== undefined ? `Adds version ${(known.versionCount === 0 ? 0 : (known.newest?.number ?? 0)) + 1} to this image.` : template ? 'The words in braces become what they are on the computer; an image of that name is made when there is none.' : task.imageName.trim() === '' ? 'An image, or a new name.' : 'A name nobody has: the first capture makes this image.'}
      onChange={(name) => onChange({ ...task, imageName: name, imageGuid: images.data?.find((image) => image.name === name.trim())?.guid ?? null }, images.data?.some((image) => image.name === name) === true ? 'choice' : 'text')}
    />
  );
}
