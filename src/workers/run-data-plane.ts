import type { MessagePort } from 'node:worker_threads';
import { DataPlane, type DataPlaneOptions } from '../dataplane/data-plane.ts';
import { createAccessLog } from '../observability/access-log.ts';
import { createLogger, type LogLevel } from '../observability/logger.ts';
import { WorkerStats, type WorkerStatsOptions } from '../observability/worker-stats.ts';
import { sendHeapSnapshot } from './heap-snapshot.ts';
import { decodeDelta, type FromWorker, type ToWorker } from './messages.ts';

/** What a worker is started with; it must survive the crossing of threads. */
export interface WorkerOptions {
  readonly index: number;
  readonly bind: string;
  readonly reusePort: boolean;
  /** Client connections at most, where the ConfigMap says none; undefined: as the data plane thinks. */
  readonly autoMaxConnections?: number;
  /** Of all workers. */
  readonly clientMemory?: SharedArrayBuffer;
  readonly logLevel: LogLevel;
  readonly stats: WorkerStatsOptions;
}

const STDOUT = 1;
const STDERR = 2;

/**
 * Drives one data plane by messages: deltas are applied in the step in which they arrive and acknowledged by version.
 * The same code serves in a worker thread and, with `--workers 0`, on the main thread.
 */
export function runDataPlane(port: MessagePort, options: WorkerOptions): void {
  const log = createLogger({ level: options.logLevel, destinationFd: STDERR }).child({
    component: 'worker',
    worker: options.index,
  });
  const stats = new WorkerStats(options.stats);
  const dataPlane = new DataPlane(dataPlaneOptions(options), {
    log,
    stats,
    accessLogFor: (settings) =>
      createAccessLog(settings, STDOUT, (lines) => {
        stats.accessLogLinesDropped(lines);
      }),
  });
  const send = (message: FromWorker): void => {
    port.postMessage(message);
  };

  const handle = (message: ToWorker): void => {
    switch (message.kind) {
      case 'delta':
        try {
          dataPlane.apply(decodeDelta(message.delta));
          send({ kind: 'applied', version: message.delta.version });
        } catch (error) {
          send({ kind: 'refused', version: message.delta.version, reason: describe(error) });
        }
        return;
      case 'listen':
        dataPlane.listen(message).then(
          (bound) => {
            send({ kind: 'listening', ...bound });
          },
          (error: unknown) => {
            send({ kind: 'listen-failed', reason: describe(error), code: codeOf(error) });
          },
        );
        return;
      case 'take-stats':
        send({ kind: 'stats', report: stats.take() });
        return;
      case 'pressure':
        dataPlane.setPressure(message.pressure);
        return;
      case 'ticket-secret':
        dataPlane.setTicketSecret(Buffer.from(message.secret));
        return;
      case 'heap-snapshot':
        sendHeapSnapshot(message.port);
        return;
      case 'drain':
        void dataPlane.drain().then(() => {
          send({ kind: 'stats', report: stats.take() });
          send({ kind: 'drained' });
        });
        return;
    }
  };
  port.on('message', handle);
  port.on('close', () => {
    dataPlane.destroy();
  });
  send({ kind: 'started' });
}

function dataPlaneOptions({
  bind,
  reusePort,
  autoMaxConnections,
  clientMemory,
}: WorkerOptions): DataPlaneOptions {
  return {
    bind,
    reusePort,
    ...(autoMaxConnections === undefined ? {} : { autoMaxConnections }),
    ...(clientMemory === undefined ? {} : { clientMemory }),
  };
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
