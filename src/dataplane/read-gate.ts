import type { Socket } from 'node:net';

/**
 * libuv goes on reading while there is something to read, up to 2 MiB in one turn of the event loop. Of the smallest frames
 * and chunks that is two tenths of a second of work. So after this much of either the others have their turn.
 */
const PORTION_BYTES = 262_144;
const PORTION_MS = 4;
/** Smaller chunks are not timed, and count as more than they are: over TLS a record of one byte is a chunk, too. */
const TIMED_BYTES = 512;
const SMALL_CHUNK_BYTES = 2_048;

interface HandleOwner {
  readonly _handle?: { readonly reading?: boolean; readStop(): void; readStart(): void } | null;
}

/** Whether a socket is read: as its user wants it, and in portions, between which other connections have their turn. */
export class ReadGate {
  static readonly #goOn = (gate: ReadGate): void => {
    gate.#isResting = false;
    if (!gate.#isPaused && !gate.#socket.destroyed) startReading(gate.#socket);
  };

  readonly #socket: Socket;
  #leftBytes = PORTION_BYTES;
  #leftMs = PORTION_MS;
  /** Of the chunk that is being dealt with; 0: it is not timed. */
  #begunMs = 0;
  #isPaused = false;
  /** Its portion is used up: nothing is read until the next turn. */
  #isResting = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    if (!this.#isResting) stopReading(this.#socket);
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (!this.#isResting) startReading(this.#socket);
  }

  /** A chunk of so many bytes came, and is about to be dealt with; `end` is to follow. */
  begin(bytes: number): void {
    const isTimed = bytes >= TIMED_BYTES;
    this.#leftBytes -= isTimed ? bytes : SMALL_CHUNK_BYTES;
    this.#begunMs = isTimed ? performance.now() : 0;
  }

  /** It was dealt with. */
  end(): void {
    if (this.#begunMs > 0) this.#leftMs -= performance.now() - this.#begunMs;
    if (this.#leftBytes <= 0 || this.#leftMs <= 0) this.#rest();
  }

  #rest(): void {
    this.#leftBytes = PORTION_BYTES;
    this.#leftMs = PORTION_MS;
    if (this.#isResting) return;
    this.#isResting = true;
    if (!this.#isPaused) stopReading(this.#socket);
    setImmediate(ReadGate.#goOn, this);
  }
}

/**
 * A socket that is only paused reads on until 64 KiB wait, which over TLS may be as many records of one byte, a Buffer each.
 * So its handle is stopped as well, as Node does where it reads into one buffer (`onread`). The handle has no public name:
 * where there is none, the pause must do.
 */
function stopReading(socket: Socket): void {
  socket.pause();
  const handle = (socket as HandleOwner)._handle;
  if (handle?.reading === true) handle.readStop();
}

function startReading(socket: Socket): void {
  const handle = (socket as HandleOwner)._handle;
  // Where Node itself had stopped it, it starts it too.
  if (handle?.reading === true) handle.readStart();
  socket.resume();
}
