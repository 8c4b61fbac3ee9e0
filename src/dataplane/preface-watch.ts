import type { ClientSession, ConnectionHome } from './connections.ts';
import type { Engine } from './engine.ts';
import { createGuard } from './guard.ts';
import { CLIENT_PREFACE } from './http2/frames.ts';
import type { SocketReader } from './socket-reader.ts';
import { Timer } from './timer-wheel.ts';

const ignore = (): void => undefined;
const PREFACE = Buffer.from(CLIENT_PREFACE, 'latin1');

/**
 * Looks at the first bytes of a plaintext connection: a client that begins with the preface speaks HTTP/2 (RFC 9113 §3.3),
 * any other HTTP/1.1. A client that says nothing in time is closed.
 */
export class PrefaceWatch implements ClientSession {
  readonly #reader: SocketReader;
  readonly #home: ConnectionHome;
  readonly #onKnown: (protocol: 'http/1.1' | 'h2') => void;
  readonly #timer: Timer;
  /** What came of a preface. */
  #held: Buffer | undefined = undefined;

  /** @param onKnown takes the reader over; what was read is given to its `onChunk` then. */
  constructor(
    { wheel, clock, table, stats, log }: Engine,
    reader: SocketReader,
    home: ConnectionHome,
    onKnown: (protocol: 'http/1.1' | 'h2') => void,
  ) {
    this.#reader = reader;
    this.#home = home;
    this.#onKnown = onKnown;
    this.#timer = new Timer(wheel, () => {
      stats.limitTripped('request-head-timeout');
      this.drain();
    });
    this.#timer.set(clock.nowMs + table.settings.client.headMs);
    const guard = createGuard((error) => {
      log.error({ err: error }, 'client connection failed');
      this.drain();
    });
    reader.onChunk = guard((chunk: Buffer) => {
      clock.update();
      this.#look(chunk);
    });
    reader.socket.on('end', this.#onEnd);
    reader.socket.on('close', this.#onClose);
    // 'close' follows, and says all that matters.
    reader.socket.on('error', ignore);
  }

  drain(): void {
    this.#reader.socket.destroy();
  }

  #look(chunk: Buffer): void {
    const bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    const length = Math.min(bytes.length, PREFACE.length);
    const isPreface = PREFACE.compare(bytes, 0, length, 0, length) === 0;
    if (isPreface && length < PREFACE.length) {
      // A copy: what is read into may be read into again.
      this.#held = Buffer.from(bytes);
      return;
    }
    this.#leave();
    this.#onKnown(isPreface ? 'h2' : 'http/1.1');
    this.#home.onConnectionDone(this);
    this.#reader.onChunk(bytes);
  }

  #leave(): void {
    this.#timer.remove();
    this.#reader.socket.off('error', ignore);
    this.#reader.socket.off('end', this.#onEnd);
    this.#reader.socket.off('close', this.#onClose);
  }

  readonly #onEnd = (): void => {
    this.#reader.socket.end();
  };

  readonly #onClose = (): void => {
    this.#leave();
    this.#home.onConnectionDone(this);
  };
}
