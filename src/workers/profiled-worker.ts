import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import { SAMPLING, type ProfiledThread } from '../observability/profiled-thread.ts';
import { receiveHeapSnapshot } from './heap-snapshot.ts';

/** `askForHeap` gives the worker its end of the way on which the snapshot comes. */
export function profiledWorker(
  name: string,
  worker: Worker,
  askForHeap: (port: MessagePort) => void,
): ProfiledThread {
  const ended = new AbortController();
  worker.once('exit', () => {
    ended.abort(new Error(`${name} ended meanwhile`));
  });
  return {
    name,
    ended: ended.signal,
    startCpuProfile: () => worker.startCpuProfile(SAMPLING),
    heapSnapshot: async (signal) => {
      const { port1: ours, port2: theirs } = new MessageChannel();
      askForHeap(theirs);
      return receiveHeapSnapshot(ours, signal);
    },
    heapBytes: async () => (await worker.getHeapStatistics()).used_heap_size,
  };
}
