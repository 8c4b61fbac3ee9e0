import { ReceiveWindow } from './flow-window.ts';
import type { Http2Stream } from './stream.ts';

/** The DATA that comes on a connection: whether it may, and when the peer may send more. */
export class DataReceiver {
  readonly #window: ReceiveWindow;
  readonly #updateWindow: (streamId: number, increment: number) => void;
  /** Streams that were given DATA in this read. */
  #fed: Http2Stream[] = [];

  /** @param updateWindow says to the peer that it may send so much more. */
  constructor(windowBytes: number, updateWindow: (streamId: number, increment: number) => void) {
    this.#window = new ReceiveWindow(windowBytes);
    this.#updateWindow = updateWindow;
  }

  /** A frame of this length begins; `stream` undefined: nobody's. Which window is too small for it. */
  take(stream: Http2Stream | undefined, bytes: number): 'none' | 'stream' | 'connection' {
    if (!this.#window.take(bytes)) return 'connection';
    return stream === undefined || stream.receiveWindow.take(bytes) ? 'none' : 'stream';
  }

  /** So much has been dealt with. */
  consumed(stream: Http2Stream | undefined, bytes: number): void {
    const ofAll = this.#window.give(bytes);
    if (ofAll > 0) this.#updateWindow(0, ofAll);
    if (stream === undefined || stream.isRemoteEnded || stream.isClosed) return;
    const increment = stream.receiveWindow.give(bytes);
    if (increment > 0) this.#updateWindow(stream.id, increment);
  }

  give(stream: Http2Stream, chunk: Buffer, start: number, end: number): void {
    stream.handler.onData(chunk, start, end);
    this.fed(stream);
  }

  /** Something was given to it, a head or DATA: it hears when that is all. */
  fed(stream: Http2Stream): void {
    if (stream.isFed || stream.isClosed) return;
    stream.isFed = true;
    this.#fed.push(stream);
  }

  /** All that was read was given. */
  pause(): void {
    const fed = this.#fed;
    if (fed.length === 0) return;
    this.#fed = [];
    for (const stream of fed) {
      stream.isFed = false;
      if (!stream.isClosed) stream.handler.onPause();
    }
  }
}
