// Owns the closed set of error codes and the one error class that crosses every boundary (API, agent protocol, CLI).
// A message says what happened, why, and what to do next; `data` carries the facts a program may need.

/** number: the short code a technician quotes (PL-2041); refusal: nothing was written, the command line exits with 3. */
export const errorCodes = {
  // wrong use (1xxx)
  usage: { number: 1001, refusal: false },
  'invalid-input': { number: 1002, refusal: false },
  unauthorized: { number: 1003, refusal: false },
  forbidden: { number: 1004, refusal: false },
  'not-found': { number: 1005, refusal: false },
  'ambiguous-name': { number: 1006, refusal: true },
  conflict: { number: 1007, refusal: false },
  'protocol-version': { number: 1008, refusal: true },
  // refused before anything was written (2xxx)
  'disk-not-recognised': { number: 2001, refusal: true },
  'table-damaged': { number: 2002, refusal: true },
  'table-overlap': { number: 2003, refusal: true },
  'table-past-end': { number: 2004, refusal: true },
  'extended-loop': { number: 2005, refusal: true },
  'volume-mounted': { number: 2011, refusal: true },
  'volume-unclean': { number: 2012, refusal: true },
  'volume-hibernated': { number: 2013, refusal: true },
  'volume-bitlocker': { number: 2014, refusal: true },
  'volume-damaged': { number: 2015, refusal: true },
  'target-too-small': { number: 2021, refusal: true },
  'target-busy': { number: 2022, refusal: true },
  'target-mismatch': { number: 2023, refusal: true },
  'target-is-system-disk': { number: 2024, refusal: true },
  'target-sector-size': { number: 2025, refusal: true },
  'target-not-a-disk': { number: 2026, refusal: true },
  'image-damaged': { number: 2031, refusal: true },
  'image-disabled': { number: 2032, refusal: true },
  'image-in-trash': { number: 2033, refusal: true },
  'image-protected': { number: 2034, refusal: true },
  'image-empty': { number: 2035, refusal: true },
  'last-copy': { number: 2036, refusal: true },
  'space-foreseen': { number: 2041, refusal: true },
  'tool-missing': { number: 2042, refusal: true },
  'data-folder-in-use': { number: 2051, refusal: true },
  'newer-database': { number: 2052, refusal: true },
  'port-in-use': { number: 2053, refusal: true },
  // failed under way (3xxx)
  io: { number: 3001, refusal: false },
  'disk-full': { number: 3002, refusal: false },
  'chunk-damaged': { number: 3003, refusal: false },
  'chunk-missing': { number: 3004, refusal: false },
  'proof-failed': { number: 3005, refusal: false },
  'source-changed': { number: 3006, refusal: false },
  'connection-lost': { number: 3011, refusal: false },
  'pin-mismatch': { number: 3012, refusal: false },
  protocol: { number: 3013, refusal: false },
  'too-many-requests': { number: 3014, refusal: false },
  'lease-lost': { number: 3015, refusal: false },
  'server-closing': { number: 3016, refusal: false },
  /** How a run ends whose agent fell silent and did not come back; `lease-lost` tells an agent that a run is not (or no longer) its own. */
  'cut-off': { number: 3017, refusal: false },
  internal: { number: 3999, refusal: false },
} as const satisfies Record<string, { number: number; refusal: boolean }>;

export type ErrorCode = keyof typeof errorCodes;
export type ErrorData = Record<string, unknown>;
/** An error as it travels: in the API's error shape, in agent messages, in `--json` output. */
export type WireError = { code: ErrorCode; message: string; data?: ErrorData };

export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly data: ErrorData;
  constructor(code: ErrorCode, message: string, data: ErrorData = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.data = data;
  }
  /** True where nothing was written to any disk: the command line exits with 3. */
  get isRefusal(): boolean {
    return errorCodes[this.code].refusal;
  }
  /** The code a person quotes, `PL-2041`. */
  get shortCode(): string {
    return shortCode(this.code);
  }
  toWire(): WireError {
    return { code: this.code, message: this.message, data: this.data };
  }
}

/** Work ended because a person or a closing server asked for it: never logged as a failure, never retried. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';
}

/** Bytes from outside that do not follow their format; offset is where reading stopped. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly offset: number;
  readonly reason: string;
  constructor(offset: number, reason: string) {
    super(`${reason} (at byte ${offset})`);
    this.offset = offset;
    this.reason = reason;
  }
}

export function shortCode(code: ErrorCode): string {
  return `PL-${errorCodes[code].number}`;
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorCodes, value);
}

/** Any thrown value as an AppError; an unknown one becomes `internal` and keeps its cause. */
export function toAppError(error: unknown, context?: string): AppError {
  const prefix = context === undefined ? '' : `${context}: `;
  if (error instanceof AppError) {
    return context === undefined ? error : new AppError(error.code, prefix + error.message, error.data, error);
  }
  if (error instanceof ProtocolError) return new AppError('protocol', prefix + error.message, { offset: error.offset }, error);
  const message = error instanceof Error ? error.message : String(error);
  const errno = errnoOf(error);
  if (errno === 'ENOSPC' || errno === 'EDQUOT') return new AppError('disk-full', prefix + message, { errno }, error);
  if (errno !== undefined) return new AppError('io', prefix + message, { errno }, error);
  return new AppError('internal', prefix + message, {}, error);
}

export function fromWire(wire: WireError): AppError {
  return new AppError(isErrorCode(wire.code) ? wire.code : 'internal', wire.message, wire.data ?? {});
}

function errnoOf(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code)) return error.code;
  return undefined;
}
