// Owns fetching a large file of the server over HTTP: from the same server, known by the same certificate, as the API's connection. The
// path that the API gave carries what opens it.
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { AppError, fromWire, isErrorCode } from '#shared/errors.ts';
import type { Target } from './locate.ts';
import { openSocket } from './pinned-socket.ts';

const refusedSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** The answer's body, not read yet. Throws what the server said instead. */
export async function openDownload(target: Target, path: string): Promise<IncomingMessage> {
  const socket = await openSocket(target);
  const asked = request({ createConnection: () => socket, path, headers: { host: target.url.host, connection: 'close' } });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  if (response.statusCode === 200) return response;
  const said = refusedSchema.safeParse(JSON.parse((await text(response)) || 'null'));
  if (said.success && isErrorCode(said.data.error.code)) throw fromWire({ code: said.data.error.code, message: said.data.error.message });
  throw new AppError('protocol', `${target.url.origin} answered the download with HTTP ${response.statusCode}.`);
}
