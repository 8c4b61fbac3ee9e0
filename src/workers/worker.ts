import { parentPort, workerData } from 'node:worker_threads';
import { runDataPlane, type WorkerOptions } from './run-data-plane.ts';

/** Entry point of a worker thread. */
if (parentPort === null) throw new Error('worker.ts is the entry point of a worker thread');
runDataPlane(parentPort, workerData as WorkerOptions);
