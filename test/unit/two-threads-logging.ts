import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { createAccessLog } from '../../src/observability/access-log.ts';
import { sampleExchangeRecord } from './sample-exchange-record.ts';

/** Two threads that write `LINES` access lines each to standard output as fast as they can; run as a program. */
export const LINES = 10_000;
const THREADS = 2;

if (isMainThread && process.argv[1] === import.meta.filename) {
  for (let thread = 0; thread < THREADS; thread++) {
    new Worker(import.meta.filename, { workerData: thread });
  }
} else if (typeof workerData === 'number') {
  const log = createAccessLog(
    { kind: 'on', format: { kind: 'template', text: '<$request_uri>' }, escape: 'default' },
    1,
  );
  for (let line = 0; line < LINES; line++) {
    log.write(sampleExchangeRecord({ target: `/${workerData}/${line}/${'x'.repeat(line % 300)}` }));
  }
  await log.close();
}
