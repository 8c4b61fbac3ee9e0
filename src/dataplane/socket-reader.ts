import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { AcceptedHandle } from './accepted-handle.ts';
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

  /** @param from a socket whose bytes nobody has read, or the handle of one that was just accepted. */
  constructor(from: Socket | AcceptedHandle) {
    if (from instanceof Socket) {
      this.socket = from;
      this.isVolatile = from instanceof TLSSocket && divert(from, this.#onRecord);
    } else {
      this.socket = socketAround(from, this.#onRead);
      this.isVolatile = true;
    }
    this.#gate = new ReadGate(this.socket);
    if (!(from instanceof Socket)) return;
    from.on('data', (chunk: Buffer) => {
      this.#take(chunk);
    });
    from.resume();
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

  /** All records of what was read are decrypted and come, also after a pause: then they wait in the socket, as copies. */
  readonly #onRecord = (length: number): boolean => {
    const { socket } = this;
    const isFlowing = socket.readableFlowing === true && socket.readableLength === 0;
    if (isFlowing) this.#onRead(length);
    else socket.push(Buffer.from(sharedBuffer.subarray(0, length)));
    return true;
  };

  #take(chunk: Buffer): void {
    this.#gate.begin(chunk.length);
    this.onChunk(chunk);
    this.#gate.end();
  }
}

/**
 * Node offers to read into one buffer again and again (`onread`) for sockets that it connects, not for those that it accepts:
 * these get 64 KiB of new memory for each read, which is a tenth of what a small exchange costs (docs/performance.md). So a
 * socket is made around the handle that was accepted, as Node's own cluster module does.
 */
function socketAround(handle: AcceptedHandle, onRead: (length: number) => boolean): Socket {
  const onread: OnReadOpts = { buffer: sharedBuffer, callback: onRead };
  const options = { handle: handle as unknown, onread, allowHalfOpen: true };
  return new Socket(options as SocketConstructorOpts);
}

interface HandleOwner {
  readonly _handle?: { useUserBuffer?(buffer: Buffer): void } | null;
}

/** Where a socket keeps what `onread` says, by Node's own names: no public one reaches it. */
interface ReadTarget {
  [symbol: symbol]: unknown;
}

interface BufferOwner {
  readonly _readableState: { highWaterMark?: number };
}

/**
 * `onread` for a TLS socket that was accepted: else Node makes 16 KiB of memory for each record, which uploads pile up to 64 MiB
 * a worker before V8 finds that worth a collection. False where Node does not let it, or something was read already.
 */
function divert(socket: TLSSocket, onRead: (length: number) => boolean): boolean {
  const { _handle: handle } = socket as unknown as HandleOwner;
  const symbols = Object.getOwnPropertySymbols(socket);
  const buffer = symbols.find(({ description }) => description === 'kBuffer');
  const callback = symbols.find(({ description }) => description === 'kBufferCb');
  if (buffer === undefined || callback === undefined || socket.readableLength > 0) return false;
  const { _readableState: state } = socket as unknown as Partial<BufferOwner>;
  if (handle?.useUserBuffer === undefined || state?.highWaterMark === undefined) return false;
  const target = socket as unknown as ReadTarget;
  // Else records that wait in it while it is paused, and are less than that, would have it read on, and without an end.
  state.highWaterMark = 0;
  target[buffer] = sharedBuffer;
  target[callback] = onRead;
  handle.useUserBuffer(sharedBuffer);
  return true;
}
