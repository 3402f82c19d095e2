// A small HTTP server of files, for casync: a child process of bench/replication.mjs, so that its processor time can be read from /proc.
// Arguments: folder, address, port.
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, normalize } from 'node:path';
import { pipeline } from 'node:stream';

const [folder = '', address = '', port = ''] = process.argv.slice(2);
createServer((request, response) => {
  const file = join(folder, normalize(`/${(request.url ?? '').split('?', 1)[0] ?? ''}`));
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  response.writeHead(size === undefined ? 404 : 200, { 'content-length': size ?? 0 });
  if (size === undefined) response.end();
  else pipeline(createReadStream(file), response, () => undefined);
}).listen(Number(port), address);
