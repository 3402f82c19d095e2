// Owns `platen image` as far as it only looks: list, show, history.
import type { ImageDetail, ImageSummary, VersionDetail, VersionSummary } from '#shared/model/image.ts';
import type { DeviceGraph, DiskNode, PartitionNode, VolumeNode } from '#shared/model/schema.ts';
import { formatBytes } from '#shared/units.ts';
import type { Command } from './command.ts';
import { numberOf } from './inputs.ts';
import { pairs, printable, table } from './table.ts';
import { formatTime, imageStateWords, versionStateWords } from './words.ts';

export const imageList: Command = {
  path: ['image', 'list'],
  summary: 'all images with their newest version and its state',
  description: 'Lists all images: the newest version, its state, what it uses on its disk, how many versions there are, when the newest was captured. '
    + 'Only a version that is ready and enabled can be deployed.',
  positionals: [],
  options: { trash: { help: 'what is in the trash instead' } },
  examples: ['platen image list', 'platen image list --trash', "platen image list --json | jq -r '.[].name'"],
  run: async ({ api, input }) => {
    const calls = await api();
    const trash = input.switches.has('trash');
    const images = await calls.images.list.query({ trash });
    if (trash) {
      const details = await Promise.all(images.map((image) => calls.images.get.query({ image: image.guid })));
      return { json: details, text: details.length === 0 ? 'The trash is empty.' : trashText(details) };
    }
    const sameName = new Set(images.filter((image) => images.some((other) => other !== image && other.name === image.name)).map((image) => image.guid));
    return { json: images, text: images.length === 0 ? noImages : listText(images, sameName) };
  },
};

const noImages = 'There are no images yet. Capture one, on the computer that is to be copied:\n  platen agent capture --disk PATH --image NAME';

/** An image in the trash is one line; of an image that is not, each version that is. */
function trashText(images: readonly ImageDetail[]): string {
  const rows = images.flatMap((image) => image.trashedAt !== null
    ? [{ name: image.name, version: 'all', used: image.newest?.usedBytes, trashedAt: image.trashedAt, deleteAfter: image.deleteAfter, guid: image.guid }]
    : image.versions.flatMap((version) => version.trashedAt === null ? [] : [{
      name: image.name, version: `v${version.number}`, used: version.usedBytes, trashedAt: version.trashedAt, deleteAfter: version.deleteAfter, guid: image.guid,
    }]));
  return table(rows, [
    { title: 'NAME', text: (row) => printable(row.name) },
    { title: 'VERSION', right: true, text: (row) => row.version },
    { title: 'USED', right: true, text: (row) => (row.used === undefined ? '–' : formatBytes(row.used)) },
    { title: 'DELETED', text: (row) => formatTime(row.trashedAt) },
    { title: 'KEPT UNTIL', text: (row) => (row.deleteAfter === null ? '–' : formatTime(row.deleteAfter)) },
    { title: 'GUID', text: (row) => row.guid },
  ]);
}

function listText(images: readonly ImageSummary[], sameName: ReadonlySet<string>): string {
  // Where one server owns them all, that says nothing.
  const elsewhere = images.some((image) => image.owner.managed === 'externally');
  return table(images, [
    { title: 'NAME', text: (image) => printable(image.name) + (sameName.has(image.guid) ? ` (${image.guid})` : '') },
    { title: 'VERSION', right: true, text: (image) => (image.newest === null ? '–' : `v${image.newest.number}`) },
    { title: 'STATE', text: imageStateWords },
    { title: 'USED', right: true, text: (image) => (image.newest === null ? '–' : formatBytes(image.newest.usedBytes)) },
    { title: 'VERSIONS', right: true, text: (image) => String(image.versionCount) },
    { title: 'CAPTURED', text: (image) => (image.newest === null ? '–' : formatTime(image.newest.capturedAt)) },
    ...(elsewhere ? [{ title: 'MANAGED', text: (image: ImageSummary) => (image.owner.managed === 'locally' ? 'locally' : `externally, ${image.owner.serverName === '' ? 'by nobody' : `by ${printable(image.owner.serverName)}`}`) }] : []),
  ]);
}

export const imageShow: Command = {
  path: ['image', 'show'],
  summary: 'one image: versions, copies, and the schema of a version',
  description: 'Shows an image with its versions and copies, and the schema of one version (the one that would be deployed, unless --version says which): '
    + 'disk, partitions, file systems, what they use, and the smallest disk it can be deployed to.',
  positionals: [{ name: 'IMAGE', required: true }],
  options: { version: { value: 'N', help: 'the version whose schema is shown' } },
  examples: ["platen image show 'Lab Win11'", "platen image show 'Lab Win11' --version 3 --json"],
  run: async ({ api, input }) => {
    const calls = await api();
    const asked = numberOf(input, 'version', { least: 1 });
    const image = await calls.images.get.query({ image: input.positionals[0] ?? '' });
    const number = asked ?? image.current ?? image.versions.at(0)?.number;
    const version = number === undefined ? null : await calls.images.version.query({ image: image.guid, version: number });
    return { json: { ...image, schema: version }, text: [imageText(image), version === null ? '' : schemaText(version)].filter((part) => part !== '').join('\n\n') };
  },
};

function imageText(image: ImageDetail): string {
  const versions = [...image.versions].sort((a, b) => b.number - a.number);
  const head = pairs([
    ['Name', printable(image.name)], ['GUID', image.guid], ['Description', printable(image.description)], ['State', imageStateWords(image)],
    ['Deploys', image.current === null ? 'nothing: no version is enabled' : `v${image.current}`],
    ['Owner', `${printable(image.owner.serverName)} (${image.owner.managed} managed)`], ['In the store', formatBytes(image.storedBytes)],
  ]);
  const list = table(versions, [
    { title: 'VERSION', right: true, text: (version) => `v${version.number}` },
    { title: 'STATE', text: versionStateWords },
    { title: 'USED', right: true, text: (version) => formatBytes(version.usedBytes) },
    { title: 'NEW', right: true, text: (version) => formatBytes(version.newBytes) },
    { title: 'CAPTURED', text: (version) => formatTime(version.capturedAt) },
    { title: 'FROM', text: (version) => printable(version.computerName) },
    { title: 'NOTE', text: (version) => printable(version.note.split('\n')[0] ?? '') },
  ]);
  const copies = table(image.copies, [
    { title: 'COPY', text: (copy) => versionName(versions, copy.versionGuid) },
    { title: 'ON', text: (copy) => printable(copy.serverName) },
    { title: 'STATE', text: (copy) => copy.state },
    { title: 'PROVED', text: (copy) => (copy.provedAt === null ? '–' : formatTime(copy.provedAt)) },
  ]);
  return [head, versions.length === 0 ? '' : list, image.copies.length === 0 ? '' : copies].filter((part) => part !== '').join('\n\n');
}

function versionName(versions: readonly VersionSummary[], guid: string): string {
  const found = versions.find((version) => version.guid === guid);
  return found === undefined ? guid : `v${found.number}`;
}

export function schemaText(version: VersionDetail): string {
  const { graph } = version;
  const disk = graph.nodes.find((node): node is DiskNode => node.type === 'disk');
  const head = `Schema of v${version.number}`;
  if (disk === undefined) return head;
  const facts = pairs([
    ['Disk', [formatBytes(disk.sizeBytes), printable(disk.model), disk.serial === '' ? '' : `serial ${printable(disk.serial)}`].filter((part) => part !== '').join(', ')],
    ['Table', tableWords(disk)], ['Sectors', `${disk.sectorSizeBytes} bytes`],
    ['Smallest target', `${formatBytes(version.smallestTargetBytes)} (${version.smallestTargetBytes} bytes)`],
  ]);
  return `${head}\n${facts}\n\n${nodesText(graph)}`;
}

function tableWords(disk: DiskNode): string {
  if (disk.table.kind === 'gpt') return `GPT, ${disk.table.diskGuid}`;
  return disk.table.kind === 'mbr' ? `MBR, signature ${disk.table.diskSignature}` : 'none';
}

type SchemaRow = { partition: PartitionNode | undefined; volume: VolumeNode | undefined };
function nodesText(graph: DeviceGraph): string {
  const volumes = graph.nodes.filter((node): node is VolumeNode => node.type === 'volume');
  const partitions = graph.nodes.filter((node): node is PartitionNode => node.type === 'partition');
  const rows: SchemaRow[] = [
    ...partitions.map((partition) => ({ partition, volume: volumes.find((volume) => volume.on === partition.id) })),
    ...volumes.filter((volume) => !partitions.some((partition) => partition.id === volume.on)).map((volume) => ({ partition: undefined, volume })),
  ].sort((a, b) => startOf(a) - startOf(b));
  return table(rows, [
    { title: 'PART', right: true, text: ({ partition }) => (partition === undefined ? 'disk' : String(partition.number)) },
    { title: 'TYPE', text: ({ partition }) => (partition === undefined ? '–' : partition.typeName) },
    { title: 'NAME', text: ({ partition }) => printable(partition?.name ?? '') },
    { title: 'FILE SYSTEM', text: ({ volume }) => (volume === undefined ? '–' : volume.detected === undefined ? volume.fsType : `${volume.fsType} (${printable(volume.detected)})`) },
    { title: 'LABEL', text: ({ volume }) => printable(volume?.label ?? '') },
    { title: 'SIZE', right: true, text: ({ partition, volume }) => formatBytes(partition?.sizeBytes ?? volume?.sizeBytes ?? 0) },
    { title: 'USED', right: true, text: ({ volume }) => (volume === undefined ? '–' : formatBytes(volume.usedBytes)) },
  ]);
}
function startOf({ partition, volume }: SchemaRow): number {
  return partition?.offsetBytes ?? volume?.offsetBytes ?? 0;
}

export const imageHistory: Command = {
  path: ['image', 'history'],
  summary: 'what happened to an image, by whom and when',
  description: 'Lists what happened to an image: captures, verifications, renames, deletions and their undoing, each with its time and who did it.',
  positionals: [{ name: 'IMAGE', required: true }],
  options: {},
  examples: ["platen image history 'Lab Win11'"],
  run: async ({ api, input }) => {
    const events = await (await api()).images.history.query({ image: input.positionals[0] ?? '' });
    const text = table(events, [
      { title: 'WHEN', text: (event) => formatTime(event.at) },
      { title: 'WHO', text: (event) => printable(event.actor) },
      { title: 'WHAT', text: (event) => printable(event.message) },
    ]);
    return { json: events, text: events.length === 0 ? 'Nothing has been recorded.' : text };
  },
};
