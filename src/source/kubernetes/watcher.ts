import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../observability/logger.ts';
import { keyOf, type KindMap, type Resource } from '../../translate/snapshot.ts';
import type { Store } from '../store.ts';
import type { ApiClient } from './api-client.ts';
import {
  ApiError,
  describeError,
  GarbageError,
  readStatus,
  UnreachableError,
} from './api-error.ts';
import { Backoff } from './backoff.ts';
import type { Gate } from '../gate.ts';
import { prune } from './prune.ts';
import { isBefore, readPages, versionOf } from './read-pages.ts';
import { readWatchEvents, type WatchEvent } from './watch-events.ts';
import { covers, describe, pathOf, type WatchTarget } from './watch-target.ts';

export interface WatchTiming {
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
  /** Longest wait that a server's `Retry-After` can ask for. */
  readonly maxRetryAfterMs: number;
  /** A watch that was cut and could not begin again for so long begins with a list. */
  readonly awayMs: number;
  /** A watch that lasted so long worked: what ends it is met with no wait, or the first, short one. */
  readonly healthyMs: number;
  /** The server ends each watch after a time between these two, so that not all end at once. */
  readonly shortestWatchSeconds: number;
  readonly longestWatchSeconds: number;
  /** In [0, 1). */
  readonly random: () => number;
}

export interface WatcherDeps {
  readonly client: ApiClient;
  readonly store: Store;
  /** Bounds how many lists are read at once. */
  readonly listGate: Gate;
  readonly timing: WatchTiming;
  readonly log: Logger;
  /** `listedAt` or `trouble` changed. */
  readonly onChange: (watcher: Watcher) => void;
}

/** What stands between the store and the API server's present state. */
export interface Trouble {
  readonly verb: 'list' | 'watch';
  /** One short line for people. */
  readonly reason: string;
  /** How often in a row this was forbidden (403); a server that has just started forbids everything for a moment. */
  readonly refusals: number;
  /** When it happened last, on the clock of `performance.now()`. */
  readonly at: number;
}

/** From so many refusals on, a permission is missing. */
export const CREDIBLE_REFUSALS = 3;

/**
 * Keeps one target of the store as the API server has it: list, then watch from the list's version on, for ever. Whatever
 * happens, what the store holds stays until something newer takes its place.
 */
export class Watcher<R extends Resource = Resource> {
  readonly target: WatchTarget<R>;
  readonly #deps: WatcherDeps;
  readonly #backoff: Backoff;
  readonly #stopping = new AbortController();
  /** Where the next watch begins, opaque; undefined: a list comes first. */
  #version: string | undefined;
  #listedAt: number | undefined;
  #trouble: Trouble | undefined;
  /** When the connection was lost, on the clock of `performance.now()`; undefined: a watch was begun since. */
  #cutAt: number | undefined;

  constructor(target: WatchTarget<R>, deps: WatcherDeps) {
    const { firstRetryMs: firstMs, maxRetryMs: maxMs, random } = deps.timing;
    this.target = target;
    this.#deps = deps;
    this.#backoff = new Backoff({ firstMs, maxMs, random });
  }

  /** When the store was last made to hold exactly what was listed, on the clock of `performance.now()`. */
  get listedAt(): number | undefined {
    return this.#listedAt;
  }

  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  start(): void {
    void this.#run();
  }

  /** Nothing is written to the store afterwards. */
  stop(): void {
    this.#stopping.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const waitMs = await this.#listAndWatch();
      if (waitMs > 0) await delay(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Until something ends it. Resolves with the milliseconds to wait before the next time. */
  async #listAndWatch(): Promise<number> {
    let verb: Trouble['verb'] = 'list';
    let watchingSince = Infinity;
    try {
      if (this.#isAway()) this.#version = undefined;
      this.#version ??= await this.#list();
      verb = 'watch';
      watchingSince = performance.now();
      await this.#watch(this.#version);
      return this.#resetIfHealthy(watchingSince) ? 0 : this.#backoff.next();
    } catch (error) {
      if (this.#stopping.signal.aborted) return 0;
      this.#resetIfHealthy(watchingSince);
      this.#setTrouble(verb, error);
      return this.#waitAfter(error);
    }
  }

  /** Makes the store hold exactly what is listed, in one step. Resolves with its version. */
  async #list(): Promise<string> {
    const { client, listGate, store } = this.#deps;
    const { signal } = this.#stopping;
    const list = await listGate.run(() => readPages(client, this.target, signal));
    signal.throwIfAborted();
    store.replace(this.target.resource, list.objects, covers(this.target));
    this.#listedAt = performance.now();
    if (this.#trouble?.verb === 'list') this.#trouble = undefined;
    this.#deps.onChange(this);
    return list.version;
  }

  async #watch(version: string): Promise<void> {
    const { signal } = this.#stopping;
    const path = pathOf(this.target, {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: version,
      timeoutSeconds: String(this.#watchSeconds()),
    });
    const stream = this.#deps.client.getStream(path, signal, () => {
      this.#cutAt = undefined;
      this.#clearTrouble();
    });
    let events = 0;
    try {
      for await (const event of readWatchEvents(stream)) {
        signal.throwIfAborted();
        this.#apply(event);
        events += 1;
      }
    } catch (error) {
      // The same would come again.
      if (events === 0 && error instanceof GarbageError) this.#version = undefined;
      if (error instanceof UnreachableError) this.#cutAt ??= performance.now();
      throw error;
    }
  }

  /** A server that is back after more than a moment may have the state of a backup, whose versions can have passed ours. */
  #isAway(): boolean {
    return performance.now() - (this.#cutAt ?? Infinity) >= this.#deps.timing.awayMs;
  }

  #watchSeconds(): number {
    const { shortestWatchSeconds, longestWatchSeconds, random } = this.#deps.timing;
    return Math.round(
      shortestWatchSeconds + random() * (longestWatchSeconds - shortestWatchSeconds),
    );
  }

  #apply({ type, object: raw }: WatchEvent): void {
    if (type === 'ERROR') {
      const { code, message } = readStatus(raw);
      throw new ApiError(code ?? 500, message);
    }
    const version = versionOf(raw['metadata']);
    if (version === undefined) throw new GarbageError('an event of the watch has no version');
    if (isBefore(version, this.#version)) throw new ApiError(410, 'versions went back');
    if (type !== 'BOOKMARK') {
      const object: KindMap[R] | undefined = prune(this.target.resource, raw);
      if (object === undefined) throw new GarbageError('an event of the watch has no object');
      if (type === 'DELETED') this.#deps.store.remove(this.target.resource, keyOf(object));
      else this.#deps.store.upsert(this.target.resource, object);
    }
    this.#version = version;
  }

  #resetIfHealthy(since: number): boolean {
    const isHealthy = performance.now() - since >= this.#deps.timing.healthyMs;
    if (isHealthy) this.#backoff.reset();
    return isHealthy;
  }

  #waitAfter(error: unknown): number {
    const { healthyMs } = this.#deps.timing;
    if (!(error instanceof ApiError)) return this.#backoff.next();
    if (this.#outdates(error)) this.#version = undefined;
    const waitMs = Math.max(this.#backoff.next(), this.#askedFor(error));
    const sinceListMs = performance.now() - (this.#listedAt ?? Infinity);
    return error.status === 410 && sinceListMs >= healthyMs ? 0 : waitMs;
  }

  /** What `Retry-After` says, and up to a fifth more: hundreds of watches may have been told the same. */
  #askedFor({ retryAfterMs = 0 }: ApiError): number {
    const { maxRetryAfterMs, random } = this.#deps.timing;
    return Math.min(retryAfterMs, maxRetryAfterMs) * (1 + 0.2 * random());
  }

  /** Whether a list must come next. Where watching is forbidden, lists keep the store up to date. */
  #outdates({ status }: ApiError): boolean {
    if (status === 403) return (this.#trouble?.refusals ?? 0) >= CREDIBLE_REFUSALS;
    return !KEEPS_VERSION.has(status);
  }

  #setTrouble(verb: Trouble['verb'], error: unknown): void {
    const last = this.#trouble?.verb === verb ? this.#trouble : undefined;
    const isForbidden = error instanceof ApiError && error.status === 403;
    const reason = describeError(error);
    const refusals = isForbidden ? (last?.refusals ?? 0) + 1 : 0;
    this.#trouble = { verb, reason, refusals, at: performance.now() };
    if (last?.reason !== reason) {
      const isLoud = this.target.name === undefined && !isReportedElsewhere(error);
      const fields = { target: describe(this.target), verb, reason };
      this.#deps.log[isLoud ? 'warn' : 'debug'](fields, 'watch interrupted');
    }
    this.#deps.onChange(this);
  }

  #clearTrouble(): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#deps.log.debug({ target: describe(this.target) }, 'watch works again');
    this.#deps.onChange(this);
  }
}

/** Who we are, or too busy: the version is as good as it was. After any other refusal a list comes first. */
const KEEPS_VERSION: ReadonlySet<number> = new Set([401, 429, 502, 503]);

/** An outage is one line of the client's, what is forbidden is a finding, and versions grow too old in ordinary life. */
function isReportedElsewhere(error: unknown): boolean {
  if (error instanceof UnreachableError) return true;
  return error instanceof ApiError && (error.status === 403 || error.status === 410);
}
