import type { FloodGuard } from './flood-guard.ts';
import { SendWindow } from './flow-window.ts';
import type { FrameOutput } from './frame-output.ts';
import { DEFAULT_WINDOW_BYTES } from './frames.ts';
import type { Http2Stream } from './stream.ts';

/** DATA frames are no longer than this, so that streams take turns. */
const MAX_DATA_BYTES = 16_384;

/** A WINDOW_UPDATE for so much of what was sent is no flood, however many come: readers give back what they read at a time. */
const FREE_UPDATE_BYTES = 512;

/** The DATA that leaves on a connection: as the peer's windows and the socket allow, the streams in turn. */
export class DataSender {
  /** The connection's. */
  readonly window = new SendWindow(DEFAULT_WINDOW_BYTES);
  readonly #output: FrameOutput;
  readonly #floods: FloodGuard;
  /** Streams with DATA that waits, in turn; undefined: none ever had to. */
  #waiting: Set<Http2Stream> | undefined = undefined;
  #isPumping = false;
  /** Bytes sent that no WINDOW_UPDATE has given back: to any stream, and to the connection. */
  readonly #unreturned = { stream: 0, connection: 0 };

  constructor(output: FrameOutput, floods: FloodGuard) {
    this.#output = output;
    this.#floods = floods;
  }

  /** Writes what may go now. Where it stopped. */
  write(stream: Http2Stream, chunk: Buffer, start: number, end: number): number {
    let at = start;
    const most = Math.min(end - start, stream.sendWindow.bytes, this.window.bytes);
    if (most > MAX_DATA_BYTES) this.#output.expectData(most, MAX_DATA_BYTES);
    while (at < end && !this.#output.isFull) {
      const wanted = Math.min(end - at, MAX_DATA_BYTES);
      const size = Math.min(wanted, stream.sendWindow.bytes, this.window.bytes);
      if (size <= 0) break;
      this.#output.data(stream.id, chunk, at, at + size);
      stream.sendWindow.bytes -= size;
      this.window.bytes -= size;
      stream.sentBytes += size;
      this.#unreturned.stream += size;
      this.#unreturned.connection += size;
      at += size;
      // A peer may say for each frame that it took it, twice; not for crumbs that its own windows make. gRPC's also ask
      // with a PING how long that took.
      if (size === wanted) {
        this.#floods.excuse('windowUpdates', 2);
        this.#floods.excuse('pings', 1);
      }
    }
    return at;
  }

  /** A WINDOW_UPDATE came. It counts by how much less it gives back than a reader has reason to. False: that was one too many. */
  countUpdate(of: 'stream' | 'connection', increment: number): boolean {
    const returned = Math.min(increment, this.#unreturned[of], FREE_UPDATE_BYTES);
    this.#unreturned[of] -= Math.min(increment, this.#unreturned[of]);
    return this.#floods.count('windowUpdates', 1 - returned / FREE_UPDATE_BYTES);
  }

  /** It has DATA that could not leave. */
  wait(stream: Http2Stream): void {
    this.#waiting ??= new Set();
    this.#waiting.add(stream);
  }

  forget(stream: Http2Stream): void {
    this.#waiting?.delete(stream);
  }

  /** Windows or room may have opened: one frame of each stream that waits, in turn, as long as anything moves. */
  pump(): void {
    const waiting = this.#waiting;
    if (this.#isPumping || waiting === undefined) return;
    this.#isPumping = true;
    let isMoving = waiting.size > 0;
    while (isMoving && this.window.bytes > 0 && !this.#output.isFull) {
      isMoving = false;
      for (const stream of [...waiting]) {
        const before = stream.sentBytes;
        if (!stream.isClosed && !stream.pump(MAX_DATA_BYTES)) waiting.delete(stream);
        if (stream.sentBytes > before) isMoving = true;
      }
    }
    this.#isPumping = false;
  }
}
