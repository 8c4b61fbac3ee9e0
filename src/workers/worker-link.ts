import { MessageChannel, Worker } from 'node:worker_threads';
import type { ProfiledThread } from '../observability/profiled-thread.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { profiledWorker } from './profiled-worker.ts';
import { runDataPlane, type WorkerOptions } from './run-data-plane.ts';

/** The control plane's end of a worker, wherever it runs. */
export interface WorkerLink {
  /** Absent: it runs on the calling thread. */
  readonly thread?: ProfiledThread;
  send(message: ToWorker): void;
  terminate(): Promise<void>;
}

export interface WorkerLinkEvents {
  onMessage(message: FromWorker): void;
  onError(error: unknown): void;
  /** Once, when it is gone, for whatever reason. */
  onExit(): void;
}

/**
 * What is young may take so much in each worker. V8's own 96 MiB are filled step by step over hours, which looks like a leak;
 * nearly all that a request makes is garbage when it has ended, whatever room there is: no difference in CPU time was seen.
 */
const YOUNG_MEBIBYTES = 24;

/** A thread of its own. */
export function startThread(options: WorkerOptions, events: WorkerLinkEvents): WorkerLink {
  // The entry point has the ending that this file has: .ts as it stands in development, .js compiled.
  const entry = new URL(`./worker${import.meta.url.slice(-3)}`, import.meta.url);
  const name = `worker-${options.index}`;
  const worker = new Worker(entry, {
    workerData: options,
    name,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEBIBYTES },
  });
  worker.on('message', (message: FromWorker) => {
    events.onMessage(message);
  });
  worker.on('error', (error) => {
    events.onError(error);
  });
  worker.on('exit', () => {
    events.onExit();
  });
  return {
    thread: profiledWorker(name, worker, (port) => {
      worker.postMessage({ kind: 'heap-snapshot', port } satisfies ToWorker, [port]);
    }),
    send: (message) => {
      worker.postMessage(message);
    },
    terminate: async () => {
      await worker.terminate();
    },
  };
}

/** The calling thread itself: for tests, debugging, and platforms without `reusePort`. */
export function startInline(options: WorkerOptions, events: WorkerLinkEvents): WorkerLink {
  const { port1: ours, port2: theirs } = new MessageChannel();
  ours.on('message', (message: FromWorker) => {
    events.onMessage(message);
  });
  ours.on('close', () => {
    events.onExit();
  });
  runDataPlane(theirs, options);
  return {
    send: (message) => {
      ours.postMessage(message);
    },
    terminate: () => {
      ours.close();
      return Promise.resolve();
    },
  };
}
