import type { HeaderBlock } from './header-block.ts';
import type { ResetBy, StreamHandler } from './stream.ts';

/** Keeps what a stream's handler throws, a defect of ours, from the connection and its other streams. */
export class GuardedHandler implements StreamHandler {
  readonly #handler: StreamHandler;
  readonly #onDefect: (error: unknown) => void;

  constructor(handler: StreamHandler, onDefect: (error: unknown) => void) {
    this.#handler = handler;
    this.#onDefect = onDefect;
  }

  onHeaders(block: HeaderBlock, endStream: boolean): void {
    try {
      this.#handler.onHeaders(block, endStream);
    } catch (error) {
      this.#onDefect(error);
    }
  }

  onData(chunk: Buffer, start: number, end: number): void {
    try {
      this.#handler.onData(chunk, start, end);
    } catch (error) {
      this.#onDefect(error);
    }
  }

  onPause(): void {
    try {
      this.#handler.onPause();
    } catch (error) {
      this.#onDefect(error);
    }
  }

  onEnd(): void {
    try {
      this.#handler.onEnd();
    } catch (error) {
      this.#onDefect(error);
    }
  }

  onReset(code: number, by: ResetBy): void {
    try {
      this.#handler.onReset(code, by);
    } catch (error) {
      this.#onDefect(error);
    }
  }

  onDrain(): void {
    try {
      this.#handler.onDrain();
    } catch (error) {
      this.#onDefect(error);
    }
  }

  onStalled(): void {
    try {
      this.#handler.onStalled();
    } catch (error) {
      this.#onDefect(error);
    }
  }
}
