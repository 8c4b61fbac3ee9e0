import type { Logger } from '../../../src/observability/logger.ts';

export interface LogLine {
  readonly level: string;
  readonly fields: unknown;
  readonly message: string;
}

/** A logger that keeps its lines. */
export function createRecordingLog(): { log: Logger; lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: string) =>
    (...line: [message: string] | [fields: unknown, message: string]): void => {
      const message = line[line.length - 1];
      lines.push({ level, fields: line.length === 2 ? line[0] : {}, message: String(message) });
    };
  const log: Logger = {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
    isLevelEnabled: () => true,
  };
  return { log, lines };
}
