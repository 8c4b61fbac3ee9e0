import type { Socket } from 'node:net';
import { resetSocket } from '../reset-socket.ts';

/**
 * Sends one side's bytes to the other as they come: no faster than it takes them, its end as an end, and a cut as a cut. Both
 * sockets must allow half of them to be open.
 */
export function relay(from: Socket, to: Socket, onBytes: (bytes: number) => void): void {
  from.on('data', (chunk: Buffer) => {
    onBytes(chunk.length);
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => to.end());
  from.on('close', () => {
    // Who is gone before both directions came to their end leaves nothing that the other could wait for.
    if (!from.readableEnded || !from.writableFinished) resetSocket(to);
  });
  from.resume();
}
