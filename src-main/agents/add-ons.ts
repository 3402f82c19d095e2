// Owns handing add-on archives of the boot environment to agents: by name, to whoever has said hello and was told of them. What is in them is
// no secret; the agent checks them against the hash that its own connection told.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError, toAppError } from '#shared/errors.ts';
import type { Access } from '../access/service.ts';
import type { Environment } from '../boot/environment/service.ts';
import { answerError } from '../net/http/answer.ts';
import { answerFile } from '../net/http/ranged-files.ts';

const PREFIX = '/agent/add-on/';

export type AddOnParts = { access: Pick<Access, 'verify'>; environment: Pick<Environment, 'addOnFile'> };

export function isAddOnRequest({ url }: IncomingMessage): boolean {
  return (url ?? '').startsWith(PREFIX);
}

/** Never throws. */
export async function answerAddOn(request: IncomingMessage, response: ServerResponse, { access, environment }: AddOnParts): Promise<void> {
  try {
    const token = /^Bearer (\S{1,500})$/.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined || access.verify(token) === null) throw new AppError('unauthorized', 'Add-on archives are for agents that have said hello: their token is missing, or it is not valid here.');
    await answerFile(request, response, environment.addOnFile((request.url ?? '').slice(PREFIX.length)));
  } catch (error) {
    answerError(response, toAppError(error));
  }
}
