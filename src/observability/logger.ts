import { pino } from 'pino';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** Message constant and lower case; what varies is a field. An `Error` goes under `err`. */
export interface LogMethod {
  (message: string): void;
  (fields: Readonly<Record<string, unknown>>, message: string): void;
}

/**
 * `error`: an operator must act; `warn`: a finding, once per change; `info`: lifecycle; the rest for those who look closer.
 * What is wrapped in `Sensitive` prints as `[redacted]`.
 */
export interface Logger {
  readonly trace: LogMethod;
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  /** The same log, with these fields on each line. */
  child(fields: Readonly<Record<string, unknown>>): Logger;
  /** Whether lines of this level are written: guards fields that cost something to gather. */
  isLevelEnabled(level: LogLevel): boolean;
}

export interface LoggerOptions {
  readonly level: LogLevel | 'silent';
  /** File descriptor; standard error unless told, because standard output is the access log's. */
  readonly destinationFd?: number;
}

/**
 * JSON lines, written at once: log lines are few, and the last one before a crash is the one that matters. Safe to make in
 * each thread on the same descriptor.
 */
export function createLogger({ level, destinationFd = 2 }: LoggerOptions): Logger {
  const destination = pino.destination({ fd: destinationFd, sync: true });
  // A reader that went away must not take the proxy with it.
  destination.on('error', () => undefined);
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}

/** `-v N` of ingress-nginx: 2 shows configuration changes, 5 debug output. Negative or odd numbers count as 0. */
export function levelOfVerbosity(verbosity: number): LogLevel {
  if (verbosity >= 5) return 'trace';
  if (verbosity >= 2) return 'debug';
  return 'info';
}
