import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net';
import { ReadGate } from './read-gate.ts';

/** What a socket that is accepted is read into; all of a worker's share it, one read at a time. */
const sharedBuffer = Buffer.allocUnsafeSlow(65_536);

/** A client's socket, and how its bytes come: it is paused and resumed here alone. */
export class SocketReader {
  readonly socket: Socket;
  /** A chunk's memory is used again once `onChunk` returns: what is kept of it must be copied. */
  readonly isVolatile: boolean;
  onChunk: (chunk: Buffer) => void = () => undefined;
  readonly #gate: ReadGate;

  /** @param how `adopt`: an accepted, paused TCP socket, whose place another takes. */
  constructor(socket: Socket, how: 'adopt' | 'as-is' = 'as-is') {
    const adopted = how === 'adopt' ? adopt(socket, this.#onRead) : undefined;
    this.isVolatile = adopted !== undefined;
    this.socket = adopted ?? socket;
    this.#gate = new ReadGate(this.socket);
    if (adopted !== undefined) return;
    socket.on('data', (chunk: Buffer) => {
      this.#take(chunk);
    });
    socket.resume();
  }

  pause(): void {
    this.#gate.pause();
  }

  resume(): void {
    this.#gate.resume();
  }

  readonly #onRead = (length: number): boolean => {
    this.#take(sharedBuffer.subarray(0, length));
    return true;
  };

  #take(chunk: Buffer): void {
    this.#gate.begin(chunk.length);
    this.onChunk(chunk);
    this.#gate.end();
  }
}

interface HandleOwner {
  _handle?: object | null;
}

/**
 * Node offers to read into one buffer again and again (`onread`) for sockets that it connects, not for those that it accepts:
 * these get 64 KiB of new memory for each read, which is a tenth of what a small exchange costs (docs/performance.md). So a
 * socket is made anew around the accepted one's handle, as Node's own cluster module does. The handle has no public name:
 * undefined where there is none, and the accepted socket serves as it is.
 */
function adopt(accepted: Socket, onRead: (length: number) => boolean): Socket | undefined {
  const owner: HandleOwner = accepted as unknown as HandleOwner;
  const handle = owner._handle;
  if (handle === undefined || handle === null) return undefined;
  owner._handle = null;
  const onread: OnReadOpts = { buffer: sharedBuffer, callback: onRead };
  const options = { handle, onread, allowHalfOpen: accepted.allowHalfOpen };
  return new Socket(options as SocketConstructorOpts);
}
