import type { AccessLogSettings } from '../model/settings.ts';
import { compileLogFormat } from './log-format.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { LineWriter } from './line-writer.ts';

/** One line an exchange. */
export interface AccessLog {
  /** Formats in the same tick; the record is not kept. */
  write(record: ExchangeRecord): void;
  /** Begins writing out what is gathered. */
  flush(): void;
  /** Resolves when all is written, or given up after a short while. Nothing may be written afterwards. */
  close(): Promise<void>;
}

/**
 * @param fd where lines go, mostly 1. Several threads may write to the same one: lines do not mix.
 * @param onDropped told how many lines were lost because the reader is too slow or gone.
 */
export function createAccessLog(
  settings: AccessLogSettings,
  fd: number,
  onDropped: (lines: number) => void = () => undefined,
): AccessLog {
  if (settings.kind === 'off') return silentAccessLog;
  const format = compileLogFormat(settings);
  const writer = new LineWriter(fd, onDropped);
  return {
    write: (record) => {
      writer.write(format(record));
    },
    flush: () => {
      writer.flush();
    },
    close: () => writer.close(),
  };
}

const silentAccessLog: AccessLog = {
  write: () => undefined,
  flush: () => undefined,
  close: () => Promise.resolve(),
};
