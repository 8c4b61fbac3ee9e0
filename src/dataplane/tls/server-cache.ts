import type { Server } from 'node:tls';

/** `refused`: OpenSSL does not take the certificates, and is not asked again. */
export type CachedServer = Server | 'refused';

interface Entry {
  readonly server: CachedServer;
  readonly certificateIds: readonly string[];
}

/** TLS servers by what they are made of, up to a number: the one that was not asked for the longest goes first. */
export class ServerCache {
  readonly #capacity: number;
  /** The one asked for last is last. */
  readonly #entries = new Map<string, Entry>();
  readonly #keysByCertificate = new Map<string, Set<string>>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): CachedServer | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.server;
  }

  add(key: string, server: CachedServer, certificateIds: readonly string[]): void {
    this.#entries.set(key, { server, certificateIds });
    for (const id of certificateIds) {
      const keys = this.#keysByCertificate.get(id);
      if (keys === undefined) this.#keysByCertificate.set(id, new Set([key]));
      else keys.add(key);
    }
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#capacity && oldest !== undefined) this.#drop(oldest);
  }

  /** All that present it. */
  dropCertificate(id: string): void {
    for (const key of this.#keysByCertificate.get(id) ?? []) this.#drop(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#keysByCertificate.clear();
  }

  #drop(key: string): void {
    const ids = this.#entries.get(key)?.certificateIds ?? [];
    this.#entries.delete(key);
    for (const id of ids) {
      const keys = this.#keysByCertificate.get(id);
      keys?.delete(key);
      if (keys?.size === 0) this.#keysByCertificate.delete(id);
    }
  }
}
