// Owns the structured log: pino into daily files, secrets masked before a line is written, the newest lines on request.
import pino from 'pino';
import type { LogEntry, Settings } from '#shared/model/server.ts';
import { DailyFile } from './daily-file.ts';

export type LogData = Record<string, unknown>;
export type Log = {
  debug(message: string, data?: LogData): void;
  info(message: string, data?: LogData): void;
  warn(message: string, data?: LogData): void;
  error(message: string, data?: LogData): void;
};
export type LogLevel = Settings['logLevel'];
export type LogService = Log & {
  setLevel(level: LogLevel): void;
  prune(retentionDays: number): void;
  tail(limit: number, level?: LogLevel): LogEntry[];
  /** For mechanisms that take one function. */
  write(level: 'info' | 'warn' | 'error', message: string, data?: LogData): void;
  close(): void;
};

const TAIL_BYTES = 4 * 1024 * 1024;
const levels: LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** Tokens and tickets start with a word of their own so that they can be recognised wherever they turn up. */
export function maskSecrets(text: string): string {
  return text
    .replace(/\b(platen1|computer1|ticket1|ticket2|join1|boot1)\.[\w-]+/g, '$1.***')
    .replace(/(bearer\s+)[\w.~+/=-]+/gi, '$1***')
    .replace(/(#token=)[^\s"\\&]+/g, '$1***');
}

export function openLog(folder: string, clock: () => number, also?: (line: string) => void): LogService {
  const file = new DailyFile(folder, clock);
  const logger = pino(
    { level: 'info', base: null, timestamp: () => `,"time":${clock()}`, formatters: { level: (label) => ({ level: label }) } },
    {
      write: (line: string) => {
        const masked = maskSecrets(line);
        file.write(masked);
        also?.(masked);
      },
    },
  );
  const say = (level: LogLevel) => (message: string, data: LogData = {}): void => logger[level](plain(data), message);
  return {
    debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error'),
    write: (level, message, data) => say(level)(message, data),
    setLevel: (level) => {
      logger.level = level;
    },
    prune: (days) => file.prune(days),
    tail: (limit, level) => {
      const wanted = new Set<string>(levels.slice(levels.indexOf(level ?? 'debug')));
      return file.tail(TAIL_BYTES).flatMap(entryOf).filter((entry) => wanted.has(entry.level)).slice(-limit);
    },
    close: () => file.close(),
  };
}

/** Errors as text with their causes; anything else as it is. */
function plain(data: LogData): LogData {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, value instanceof Error ? describe(value) : value]));
}
function describe(error: Error): LogData {
  return { name: error.name, message: error.message, ...('code' in error ? { code: error.code } : {}), stack: error.stack, ...(error.cause instanceof Error ? { cause: describe(error.cause) } : {}) };
}

function entryOf(line: string): LogEntry[] {
  try {
    const { time, level, msg, ...data } = JSON.parse(line) as LogData;
    return [{ at: Number(time) || 0, level: String(level), message: typeof msg === 'string' ? msg : '', data }];
  } catch {
    return []; // a line cut by a power failure
  }
}
