import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net';

/** What a socket that is accepted is read into; all of a worker's share it, one read at a time. */
const sharedBuffer = Buffer.allocUnsafeSlow(65_536);

/**
 * libuv goes on reading while reads fill the buffer, up to 2 MiB in one turn of the event loop. Of the smallest frames that
 * is a tenth of a second of work; after this many full reads the others have their turn.
 */
const MAX_FULL_READS = 4;

/** A client's socket, and how its bytes come. */
export class SocketReader {
  readonly socket: Socket;
  /** A chunk's memory is used again once `onChunk` returns: what is kept of it must be copied. */
  readonly isVolatile: boolean;
  onChunk: (chunk: Buffer) => void = () => undefined;
  #fullReads = 0;

  /** @param how `adopt`: an accepted, paused TCP socket, whose place another takes. */
  constructor(socket: Socket, how: 'adopt' | 'as-is' = 'as-is') {
    const adopted = how === 'adopt' ? adopt(socket, this.#onRead) : undefined;
    this.isVolatile = adopted !== undefined;
    this.socket = adopted ?? socket;
    if (adopted !== undefined) return;
    socket.on('data', (chunk: Buffer) => {
      this.onChunk(chunk);
    });
    socket.resume();
  }

  readonly #onRead = (length: number): boolean => {
    this.onChunk(sharedBuffer.subarray(0, length));
    if (length < sharedBuffer.length) {
      this.#fullReads = 0;
      return true;
    }
    this.#fullReads += 1;
    if (this.#fullReads < MAX_FULL_READS) return true;
    this.#fullReads = 0;
    setImmediate(this.#goOn);
    return false;
  };

  readonly #goOn = (): void => {
    const { socket } = this;
    if (!socket.isPaused() && !socket.destroyed) socket.resume();
  };
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
