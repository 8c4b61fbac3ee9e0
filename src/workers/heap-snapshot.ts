import { on } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import { getHeapSnapshot } from 'node:v8';

/**
 * A worker makes its snapshot itself and hands it over. Node's `worker.getHeapSnapshot()` leaves it in the worker's heap for
 * the asking thread to read: the whole process dies of it when the worker ends before.
 */
type SnapshotMessage = Uint8Array | 'complete';

/** Called in the worker. */
export function sendHeapSnapshot(port: MessagePort): void {
  const send = (message: SnapshotMessage): void => {
    port.postMessage(message);
  };
  const snapshot = getHeapSnapshot();
  snapshot.on('data', send);
  snapshot.on('end', () => {
    send('complete');
    port.close();
  });
  snapshot.on('error', () => {
    port.close();
  });
}

/** The other end. Rejects with its reason when `signal` is aborted, and when the worker ends before it has sent all. */
export async function receiveHeapSnapshot(
  port: MessagePort,
  signal: AbortSignal,
): Promise<readonly Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  try {
    const messages = on(port, 'message', { signal, close: ['close'] });
    for await (const [message] of messages as AsyncIterable<[SnapshotMessage]>) {
      if (message === 'complete') return pieces;
      pieces.push(message);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    port.close();
  }
  throw new Error('the worker ended before its snapshot was complete');
}
