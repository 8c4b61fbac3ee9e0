import type { AccessLog } from '../../../src/observability/access-log.ts';
import type { ExchangeRecord } from '../../../src/observability/exchange-record.ts';

/** An access log that keeps what it is given. */
export class RecordList implements AccessLog {
  readonly all: ExchangeRecord[] = [];
  #given = 0;
  readonly #waiting: (() => void)[] = [];

  write(record: ExchangeRecord): void {
    this.all.push(copyRecord(record));
    for (const wake of this.#waiting.splice(0)) wake();
  }

  flush(): void {
    // Nothing is held back.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async next(): Promise<ExchangeRecord> {
    const index = this.#given;
    this.#given += 1;
    const deadline = AbortSignal.timeout(5_000);
    for (;;) {
      const record = this.all[index];
      if (record !== undefined) return record;
      if (deadline.aborted) throw new Error('no exchange was recorded within 5 s');
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const wake = (): void => {
        resolve(undefined);
      };
      this.#waiting.push(wake);
      deadline.addEventListener('abort', wake, { once: true });
      await promise;
    }
  }
}

function copyRecord(record: ExchangeRecord): ExchangeRecord {
  return {
    startedAtMs: record.startedAtMs,
    durationMs: record.durationMs,
    clientAddress: record.clientAddress,
    scheme: record.scheme,
    protocol: record.protocol,
    method: record.method,
    target: record.target,
    authority: record.authority,
    status: record.status,
    requestId: record.requestId,
    referer: record.referer,
    userAgent: record.userAgent,
    requestFields: record.requestFields && {
      names: [...record.requestFields.names],
      values: [...record.requestFields.values],
    },
    requestBytes: record.requestBytes,
    responseBytes: record.responseBytes,
    responseBodyBytes: record.responseBodyBytes,
    labels: record.labels,
    virtualHost: record.virtualHost,
    clusterName: record.clusterName,
    attempts: record.attempts.map((attempt) => ({
      address: attempt.address,
      connectMs: attempt.connectMs,
      headMs: attempt.headMs,
      responseMs: attempt.responseMs,
      status: attempt.status,
      bytes: attempt.bytes,
    })),
    failure: record.failure,
  };
}
