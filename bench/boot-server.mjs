// Runs the boot listeners as the server does, in their thread and from the built program, with files of the benchmark's own for loaders and
// images: a child process of bench/boot.mjs, so that processor time and memory can be read from /proc. Says its ports as one line of JSON.
// Arguments: the listeners' thread (a file), then NAME=FILE for each file; "image" is served from the disk, everything else is a loader.
import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

const [thread = '', ...given] = process.argv.slice(2);
const files = given.map((text) => ({ name: text.slice(0, text.indexOf('=')), path: text.slice(text.indexOf('=') + 1) }));
const isImage = (/** @type {{ name: string }} */ { name }) => name === 'image';

const config = {
  mode: 'proxy', address: '127.0.0.1', prefixLength: 8, pool: null, leases: [], ports: { dhcp: 0, pxe: 0, tftp: 0, http: 0, client: 68 },
  loaderNames: { bios: 'ipxe.pxe', biosOther: 'undionly.kpxe', uefi: 'snponly.efi', uefiOther: 'ipxe.efi', secureBoot: 'shimx64.efi' },
  loaders: Object.fromEntries(files.filter((file) => !isImage(file)).map(({ name, path }) => [name, path])),
  images: Object.fromEntries(files.filter(isImage).map(({ name, path }) => [name, { path, sizeBytes: statSync(path).size, tag: name }])),
};
const snapshot = { settings: { unknownComputers: 'portal', loaderCountdownSeconds: 4 }, computers: [], byMac: {}, byUuid: {}, kernelWords: [], small: Buffer.from('small') };

const worker = new Worker(thread);
worker.on('message', (message) => {
  if (message.type === 'ready') process.stdout.write(`${JSON.stringify(message.ports)}\n`);
  else if (message.type === 'failed') throw new Error(message.error.message);
});
worker.postMessage({ type: 'start', config, snapshot });
