import { ReceiveWindow } from './flow-window.ts';
import type { Http2Stream } from './stream.ts';

export interface ReceiverHome {
  /** The peer is to hear that it may send so much more. */
  updateWindow(streamId: number, increment: number): void;
}

/** The DATA that comes on a connection: whether it may, and when the peer may send more. */
export class DataReceiver {
  readonly #window: ReceiveWindow;
  readonly #home: ReceiverHome;
  /** Streams that were given DATA in this read; undefined: none yet. */
  #fed: Http2Stream[] | undefined = undefined;

  constructor(windowBytes: number, home: ReceiverHome) {
    this.#window = new ReceiveWindow(windowBytes);
    this.#home = home;
  }

  /** A frame of this length begins; `stream` undefined: nobody's. Which window is too small for it. */
  take(stream: Http2Stream | undefined, bytes: number): 'none' | 'stream' | 'connection' {
    if (!this.#window.take(bytes)) return 'connection';
    return stream === undefined || stream.receiveWindow.take(bytes) ? 'none' : 'stream';
  }

  /** So much has been dealt with. */
  consumed(stream: Http2Stream | undefined, bytes: number): void {
    const ofAll = this.#window.give(bytes);
    if (ofAll > 0) this.#home.updateWindow(0, ofAll);
    if (stream === undefined || stream.isRemoteEnded || stream.isClosed) return;
    const increment = stream.receiveWindow.give(bytes);
    if (increment > 0) this.#home.updateWindow(stream.id, increment);
  }

  give(stream: Http2Stream, chunk: Buffer, start: number, end: number): void {
    stream.handler.onData(chunk, start, end);
    this.fed(stream);
  }

  /** Something was given to it, a head or DATA: it hears when that is all. */
  fed(stream: Http2Stream): void {
    if (stream.isFed || stream.isClosed) return;
    stream.isFed = true;
    if (this.#fed === undefined) this.#fed = [stream];
    else this.#fed.push(stream);
  }

  /** All that was read was given. */
  pause(): void {
    const fed = this.#fed;
    if (fed === undefined) return;
    this.#fed = undefined;
    for (const stream of fed) {
      stream.isFed = false;
      if (!stream.isClosed) stream.handler.onPause();
    }
  }
}
