// Owns plain answers over HTTP: JSON, and an error in the shape every client knows.
import type { ServerResponse } from 'node:http';
import type { AppError, ErrorCode } from '#shared/errors.ts';

const statuses: Partial<Record<ErrorCode, number>> = {
  unauthorized: 401, forbidden: 403, 'not-found': 404, conflict: 409, 'lease-lost': 409, 'invalid-input': 400, usage: 400, protocol: 400,
  'too-many-requests': 429, 'server-closing': 503, 'disk-full': 507, 'space-foreseen': 507, 'chunk-missing': 404, 'chunk-damaged': 422,
};

export function answerJson(response: ServerResponse, value: unknown, status = 200): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length, 'cache-control': 'no-store' });
  response.end(body);
}

/** Before the first byte of an answer an error document; afterwards the connection is cut, so that nobody takes half for whole. */
export function answerError(response: ServerResponse, error: AppError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // What is left of the request's body is not read: the connection ends with the answer.
  response.setHeader('connection', 'close');
  answerJson(response, { error: error.toWire() }, statuses[error.code] ?? 500);
}
