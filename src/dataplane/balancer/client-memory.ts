import { mix } from './text-hash.ts';

/** Of a client: its hash, that of its endpoint, and when it was last seen, in Unix seconds; 0, 0, 0: nobody. */
const WORDS = 3;
/** Places for a client, of which it takes the one that was not used for the longest. */
const WAYS = 4;
const BUCKETS = 65_536;

/**
 * Which endpoint each client had, shared by all workers: 262,144 clients in 3 MiB, of which only what is used becomes memory.
 * Two clients of the same hash count as one. Writers do not wait for each other: what a reader may find half written is a
 * client with another's endpoint, which is looked up among those of its own cluster.
 */
export class ClientMemory {
  static #alone: ClientMemory | undefined;
  readonly #words: Int32Array<SharedArrayBuffer>;

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer);
  }

  /** What workers are to share. */
  static createBuffer(): SharedArrayBuffer {
    return new SharedArrayBuffer(BUCKETS * WAYS * WORDS * Int32Array.BYTES_PER_ELEMENT);
  }

  /** For who shares it with nobody: tests, and what only explains. */
  static get alone(): ClientMemory {
    ClientMemory.#alone ??= new ClientMemory(ClientMemory.createBuffer());
    return ClientMemory.#alone;
  }

  /** The hash of the endpoint that it had within the last `maxAgeSeconds`; 0: none. */
  find(client: number, nowSeconds: number, maxAgeSeconds: number): number {
    const at = this.#placeOf(client);
    if (at === -1) return 0;
    const age = nowSeconds - Atomics.load(this.#words, at + 2);
    return age <= maxAgeSeconds ? Atomics.load(this.#words, at + 1) : 0;
  }

  remember(client: number, endpoint: number, nowSeconds: number): void {
    const known = this.#placeOf(client);
    const at = known === -1 ? this.#oldestPlaceFor(client) : known;
    Atomics.store(this.#words, at, client | 0);
    Atomics.store(this.#words, at + 1, endpoint | 0);
    Atomics.store(this.#words, at + 2, nowSeconds);
  }

  #placeOf(client: number): number {
    const first = firstPlace(client);
    for (let at = first; at < first + WAYS * WORDS; at += WORDS) {
      if (Atomics.load(this.#words, at) === (client | 0)) return at;
    }
    return -1;
  }

  #oldestPlaceFor(client: number): number {
    const first = firstPlace(client);
    let oldest = first;
    for (let at = first; at < first + WAYS * WORDS; at += WORDS) {
      if (Atomics.load(this.#words, at + 2) < Atomics.load(this.#words, oldest + 2)) oldest = at;
    }
    return oldest;
  }
}

function firstPlace(client: number): number {
  return (mix(client) % BUCKETS) * WAYS * WORDS;
}
