import type { Logger } from '../../../observability/logger.ts';
import { ApiError, describeError } from '../api-error.ts';
import type { ObjectApi } from '../api-writer.ts';
import type { Clock } from '../clock.ts';
import type { ForbiddenWrites } from '../forbidden-writes.ts';
import type { JsonObject } from '../prune.ts';
import type { Leadership } from './leadership.ts';
import { newLease, readLease, releasedLease, takenLease, type LeaseRecord } from './lease.ts';

export interface LeaseElectionOptions {
  readonly namespace: string;
  /** `--election-id` */
  readonly name: string;
  /** Nobody else's, not even that of this pod's container before it was restarted. */
  readonly identity: string;
  /** `--election-ttl`: so long after the holder's last sign of life another takes over. */
  readonly ttlMs: number;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

interface LeaseElectionDeps {
  readonly api: ObjectApi;
  readonly forbidden: ForbiddenWrites;
  readonly log: Logger;
}

interface Seen {
  readonly lease: JsonObject;
  readonly record: LeaseRecord;
  /** When this record was first seen, on the local monotonic clock. */
  readonly atMs: number;
}

/** Parts of the ttl (cli.md §1.4: renewed every quarter of it, given up after half). */
const RENEW = 1 / 4;
const GIVE_UP = 1 / 2;
/**
 * Who does not hold it looks at least so much before the next renewal is due, and then in such steps until it has come, each
 * twice as long, up to the longest: so a renewal is seen soon after it was made, and with that its lack.
 */
const LOOK = 1 / 32;
const LONGEST_LOOK = 1 / 8;
/** How soon a holder tries again that got no answer. */
const TRY_AGAIN = 1 / 16;
const JITTER = 0.2;

/**
 * One leader among the replicas by a Lease, with the semantics of client-go's leader election: another's Lease is taken over
 * only when its record did not change for as long as it asks for, measured here, since the times in a Lease are of a clock
 * that nobody vouches for; each write carries the version that was read, so of two who try at once one fails. The holder stops
 * leading half a ttl after it began its last successful renewal, whatever happened to it meanwhile, and others take over a
 * whole ttl after they saw it.
 */
export class LeaseElection implements Leadership {
  readonly #options: LeaseElectionOptions;
  readonly #deps: LeaseElectionDeps;
  readonly #path: string;
  readonly #callbacks: (() => void)[] = [];
  readonly #stopping = new AbortController();
  #seen: Seen | undefined;
  /** How often the same record was seen again. */
  #looks = 0;
  #lookedAtMs = -Infinity;
  /** So much earlier than it was seen the last change may have been. */
  #lagMs = 0;
  /** When the last successful renewal began, by both clocks; undefined: not the holder. */
  #renewed: { readonly monotonicMs: number; readonly wallMs: number } | undefined;
  #told = false;
  #running: Promise<void> | undefined;
  #lastTrouble = '';

  constructor(options: LeaseElectionOptions, deps: LeaseElectionDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(options.namespace)}/leases`;
  }

  /** A wall clock that leaped ahead counts as well: the monotonic one of a suspended machine stands still. */
  isLeader(): boolean {
    if (this.#renewed === undefined || this.#stopping.signal.aborted) return false;
    const { clock, ttlMs } = this.#options;
    const elapsedMs = Math.max(
      clock.monotonicMs() - this.#renewed.monotonicMs,
      clock.wallMs() - this.#renewed.wallMs,
    );
    return elapsedMs < ttlMs * GIVE_UP;
  }

  onChange(callback: () => void): void {
    this.#callbacks.push(callback);
  }

  start(): void {
    this.#running = this.#run();
  }

  async release(): Promise<void> {
    this.#stopping.abort();
    this.#tell();
    await this.#running;
    const { lease, record } = this.#seen ?? {};
    if (lease === undefined || record?.holder !== this.#options.identity) return;
    try {
      const nowMs = this.#options.clock.wallMs();
      await this.#deps.api.replace(this.#object, releasedLease(lease, nowMs));
      this.#deps.log.info({ lease: this.#options.name }, 'lease released');
    } catch (error) {
      // Whoever is next waits for the ttl.
      this.#deps.log.debug({ reason: describeError(error) }, 'lease not released');
    }
  }

  get #object(): string {
    return `${this.#path}/${encodeURIComponent(this.#options.name)}`;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const isRenewed = await this.#attempt();
      this.#tell();
      await this.#options.clock.wait(this.#waitMs(isRenewed), signal);
    }
  }

  async #attempt(): Promise<boolean> {
    const { clock } = this.#options;
    // Before anything is sent: others count from when they see the renewal, which is later.
    const began = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
    try {
      const lease = await this.#acquireOrRenew();
      this.#deps.forbidden.allowed('leases.coordination.k8s.io', this.#options.namespace);
      this.#lastTrouble = '';
      if (lease === undefined) {
        this.#renewed = undefined;
        return false;
      }
      this.#see(lease);
      this.#renewed = began;
      return true;
    } catch (error) {
      this.#onTrouble(error);
      return false;
    }
  }

  /** The Lease as it is ours from now on; undefined: it is another's. */
  async #acquireOrRenew(): Promise<JsonObject | undefined> {
    const { identity } = this.#options;
    if (this.#renewed !== undefined && this.#seen?.record.holder === identity) {
      try {
        return await this.#replace(this.#seen.lease);
      } catch (error) {
        if (!isOutdated(error)) throw error;
      }
    }
    const lease = await this.#read();
    if (lease === undefined) return this.#create();
    this.#see(lease);
    return this.#mayTake() ? this.#replace(lease) : undefined;
  }

  #mayTake(): boolean {
    const { clock, identity } = this.#options;
    if (this.#seen === undefined) return false;
    const { record, atMs } = this.#seen;
    if (record.holder === undefined || record.holder === identity) return true;
    return clock.monotonicMs() >= atMs + record.durationMs;
  }

  #see(lease: JsonObject): void {
    const record = readLease(lease, this.#options.ttlMs);
    const now = this.#options.clock.monotonicMs();
    const isKnown = this.#seen?.record.text === record.text;
    const atMs = isKnown ? (this.#seen?.atMs ?? now) : now;
    this.#looks = isKnown ? this.#looks + 1 : 0;
    if (!isKnown) this.#lagMs = now - this.#lookedAtMs;
    this.#lookedAtMs = now;
    this.#seen = { lease, record, atMs };
  }

  async #read(): Promise<JsonObject | undefined> {
    try {
      return await this.#deps.api.get(this.#object);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw new VerbError('get', error);
    }
  }

  async #create(): Promise<JsonObject> {
    const { namespace, name } = this.#options;
    const lease = newLease(namespace, name, this.#tenure());
    return withVerb('create', this.#deps.api.create(this.#path, lease));
  }

  async #replace(lease: JsonObject): Promise<JsonObject> {
    const taken = takenLease(lease, this.#tenure());
    return withVerb('update', this.#deps.api.replace(this.#object, taken));
  }

  #tenure(): { holder: string; durationMs: number; nowMs: number } {
    const { identity, ttlMs, clock } = this.#options;
    return { holder: identity, durationMs: ttlMs, nowMs: clock.wallMs() };
  }

  /** Who leads on for now, because its last renewal is fresh enough, tries again soon. */
  #waitMs(isRenewed: boolean): number {
    const { ttlMs, random, clock } = this.#options;
    const spread = 1 + JITTER * random();
    if (isRenewed && this.isLeader()) return ttlMs * RENEW;
    // A renewal whose answer came too late has to be made again.
    if (isRenewed || this.isLeader()) return ttlMs * TRY_AGAIN * spread;
    if (this.#seen === undefined || this.#mayTake()) return ttlMs * LOOK * spread;
    const lookMs = this.#looks === 0 ? this.#untilRenewalMs() : this.#stepMs() * spread;
    const freeInMs = this.#seen.atMs + this.#seen.record.durationMs - clock.monotonicMs();
    return Math.max(1, Math.min(lookMs, freeInMs));
  }

  /** From a renewal that was seen to shortly before the next; halving what is not known each time finds the holder's beat. */
  #untilRenewalMs(): number {
    const { ttlMs } = this.#options;
    const earlierMs = Math.min(this.#lagMs / 2, ttlMs * LONGEST_LOOK);
    return ttlMs * RENEW - Math.max(earlierMs, ttlMs * LOOK);
  }

  #stepMs(): number {
    return this.#options.ttlMs * Math.min(LOOK * 2 ** (this.#looks - 1), LONGEST_LOOK);
  }

  #onTrouble(error: unknown): void {
    const { forbidden, log } = this.#deps;
    const cause = error instanceof VerbError ? error.error : error;
    if (error instanceof VerbError && cause instanceof ApiError && cause.status === 403) {
      const { namespace } = this.#options;
      forbidden.refused(
        { verb: error.verb, resource: 'leases.coordination.k8s.io', namespace },
        cause,
      );
      return;
    }
    const reason = describeError(cause);
    // Of two who try at once one fails, which is in order.
    if (isOutdated(error) || reason === this.#lastTrouble) return;
    this.#lastTrouble = reason;
    log.debug({ lease: this.#options.name, reason }, 'lease neither read nor renewed');
  }

  #tell(): void {
    const isLeader = this.isLeader();
    if (isLeader === this.#told) return;
    this.#told = isLeader;
    const { name, namespace, identity } = this.#options;
    const fields = { lease: `${namespace}/${name}`, identity };
    this.#deps.log.info(fields, isLeader ? 'leading' : 'not leading any more');
    for (const callback of this.#callbacks) callback();
  }
}

/** Which verb it was that failed. */
class VerbError extends Error {
  readonly verb: string;
  readonly error: unknown;

  constructor(verb: string, error: unknown) {
    super(describeError(error), { cause: error });
    this.verb = verb;
    this.error = error;
  }
}

async function withVerb<T>(verb: string, result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    throw new VerbError(verb, error);
  }
}

/** Somebody else wrote or removed it. */
function isOutdated(error: unknown): boolean {
  const cause = error instanceof VerbError ? error.error : error;
  return cause instanceof ApiError && (cause.status === 409 || cause.status === 404);
}
