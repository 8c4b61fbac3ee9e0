import type { Logger } from '../../../observability/logger.ts';
import { ApiError, describeError } from '../api-error.ts';
import type { ObjectApi } from '../api-writer.ts';
import { Backoff } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import { COUNTING, type ForbiddenWrites } from '../forbidden-writes.ts';
import type { Leadership } from '../leader/leadership.ts';
import type { JsonObject } from '../prune.ts';
import { TokenBucket } from '../token-bucket.ts';
import { WriteQueue } from '../write-queue.ts';
import { eventName, identityOfDraft, keyOfSubject, type EventDraft } from './event-draft.ts';

export interface EventRecorderOptions {
  /** The name of our pod, as `source.host`. */
  readonly pod: string;
  readonly clock: Clock;
  /** For tests, which can't wait. */
  readonly limits?: Partial<EventLimits>;
}

export interface EventLimits {
  /** Events of all objects together. */
  readonly perSecond: number;
  readonly burst: number;
  /** Of one object: so many at once, then one in so many seconds. As in client-go. */
  readonly objectBurst: number;
  readonly objectSeconds: number;
  /** What still stands is told again so often: the API server forgets events after an hour. */
  readonly repeatMs: number;
}

export interface EventRecorderDeps {
  readonly api: ObjectApi;
  readonly leadership: Leadership;
  readonly forbidden: ForbiddenWrites;
  readonly log: Logger;
  readonly onEvent: (result: EventResult) => void;
}

export type EventResult = 'sent' | 'dropped' | 'failed';

interface Sent {
  readonly name: string;
  /** Undefined: another replica began to count. */
  readonly count: number | undefined;
  readonly first: string;
  readonly atMs: number;
}

const LIMITS: EventLimits = {
  perSecond: 10,
  burst: 50,
  objectBurst: 25,
  objectSeconds: 300,
  repeatMs: 45 * 60_000,
};
const CONCURRENCY = 4;
/** Beside what stands, more objects and events than this are not remembered; as in client-go. */
const MAX_REMEMBERED = 4_096;
const MAX_WAITING_WARNINGS = 10_000;
const MAX_WAITING_NOTES = 1_000;
const MAX_ATTEMPTS = 12;
const RETRY = { firstMs: 500, maxMs: 30_000, random: Math.random };
const COMPONENT = 'ts-nginx';
const REPEAT_CHECK_MS = 60_000;

/**
 * Sends events while this process leads. Warnings are a state, not a stream: what stands is told once, what appears again
 * counts on in the same event, what stands for long is repeated before the API server forgets it. Notes (`Sync`) are told as
 * they come, and given up first. All of it at a bounded rate, and for one object at a much lower one.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #deps: EventRecorderDeps;
  readonly #limits: EventLimits;
  readonly #queue: WriteQueue;
  readonly #backoff = new Backoff(RETRY);
  /** What stands, by identity. */
  #standing: ReadonlyMap<string, EventDraft> = new Map();
  /** What waits to be sent, by identity. */
  readonly #waiting = new Map<string, { readonly draft: EventDraft; readonly attempts: number }>();
  /** What was sent, by identity; the oldest are forgotten. */
  readonly #sent = new Map<string, Sent>();
  readonly #buckets = new Map<string, TokenBucket>();
  #repeating: NodeJS.Timeout | undefined;

  constructor(options: EventRecorderOptions, deps: EventRecorderDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#queue = new WriteQueue({
      concurrency: CONCURRENCY,
      perSecond: this.#limits.perSecond,
      burst: this.#limits.burst,
      now: options.clock.monotonicMs,
      isDue: (identity) => this.#isDue(identity),
      write: (identity) => this.#write(identity),
    });
  }

  start(): void {
    const { leadership } = this.#deps;
    leadership.onChange(() => {
      this.#waiting.clear();
      this.#queue.clear();
      this.#sent.clear();
      if (!leadership.isLeader()) return;
      for (const draft of this.#standing.values()) this.#add(draft, true);
    });
    this.#repeating = setInterval(() => {
      this.#repeatOld();
    }, REPEAT_CHECK_MS);
  }

  stop(): void {
    clearInterval(this.#repeating);
    this.#waiting.clear();
    this.#queue.clear();
  }

  /** What is wrong now, all of it. */
  setStanding(drafts: readonly EventDraft[]): void {
    const before = this.#standing;
    this.#standing = new Map(drafts.map((draft) => [identityOfDraft(draft), draft]));
    for (const [identity, draft] of this.#standing) {
      if (!before.has(identity)) this.#add(draft, true);
    }
    for (const identity of before.keys()) {
      if (!this.#standing.has(identity)) this.#waiting.delete(identity);
    }
  }

  /** Something happened, once. */
  note(draft: EventDraft): void {
    this.#add(draft, false);
  }

  #add(draft: EventDraft, isWarning: boolean): void {
    if (!this.#deps.leadership.isLeader()) return;
    const identity = identityOfDraft(draft);
    const most = isWarning ? MAX_WAITING_WARNINGS : MAX_WAITING_NOTES;
    if (!this.#waiting.has(identity) && this.#waiting.size >= most) {
      this.#deps.onEvent('dropped');
      return;
    }
    this.#waiting.set(identity, { draft, attempts: 0 });
    this.#queue.add(identity, isWarning);
  }

  #isDue(identity: string): boolean {
    const waiting = this.#waiting.get(identity);
    if (waiting === undefined) return false;
    const { subject } = waiting.draft;
    const mayWrite =
      this.#deps.leadership.isLeader() &&
      !this.#deps.forbidden.isPaused('events', subject.namespace) &&
      this.#bucketOf(keyOfSubject(subject)).waitMs === 0;
    if (mayWrite) return true;
    this.#waiting.delete(identity);
    this.#deps.onEvent('dropped');
    return false;
  }

  async #write(identity: string): Promise<void> {
    const waiting = this.#waiting.get(identity);
    if (waiting === undefined) return;
    this.#waiting.delete(identity);
    const { draft, attempts } = waiting;
    try {
      this.#remember(identity, await this.#send(draft, this.#sent.get(identity)));
      this.#bucketOf(keyOfSubject(draft.subject)).take();
      this.#backoff.reset();
      this.#deps.forbidden.allowed('events', draft.subject.namespace);
      this.#deps.onEvent('sent');
    } catch (error) {
      this.#onFailure(draft, attempts, error);
    }
  }

  /** Counts on in the event of the last time, where it still exists and the role allows `patch`; else there is a new one. */
  async #send(draft: EventDraft, last: Sent | undefined): Promise<Sent> {
    const { clock } = this.#options;
    const { forbidden, leadership } = this.#deps;
    const { namespace } = draft.subject;
    const nowMs = clock.monotonicMs();
    const now = new Date(clock.wallMs()).toISOString().replace(/\.\d+Z$/, 'Z');
    if (last === undefined) return this.#create(draft, eventName(draft), now);
    const anew = (): Promise<Sent> => this.#create(draft, eventName(draft, now), now);
    if (forbidden.isPaused(COUNTING, namespace)) return anew();
    const count = (last.count ?? 1) + 1;
    try {
      const change = {
        lastTimestamp: now,
        message: draft.message,
        ...(last.count === undefined ? {} : { count }),
      };
      await this.#deps.api.merge(`${pathOf(draft)}/${encodeURIComponent(last.name)}`, change);
      forbidden.allowed(COUNTING, namespace);
      return { ...last, count: last.count === undefined ? undefined : count, atMs: nowMs };
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 403))
        throw error;
      if (!leadership.isLeader()) throw error;
      if (error.status === 403) {
        const right = { verb: 'patch', resource: 'events', namespace };
        forbidden.refused({ ...right, what: COUNTING }, error);
      }
      return anew();
    }
  }

  async #create(draft: EventDraft, name: string, now: string): Promise<Sent> {
    const sent = { name, first: now, atMs: this.#options.clock.monotonicMs() };
    try {
      await this.#deps.api.create(pathOf(draft), this.#objectOf(draft, name, now));
      return { ...sent, count: 1 };
    } catch (error) {
      // Told already: by the leader before us, or before we were restarted.
      if (error instanceof ApiError && error.status === 409) return { ...sent, count: undefined };
      throw error;
    }
  }

  /** v1 Event; `eventTime` unset: the older form, which says how often by `count`. */
  #objectOf({ subject, type, reason, message }: EventDraft, name: string, now: string): JsonObject {
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { namespace: subject.namespace, name },
      involvedObject: subject,
      type,
      reason,
      message,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      source: { component: COMPONENT, host: this.#options.pod },
      reportingComponent: COMPONENT,
      reportingInstance: this.#options.pod,
    };
  }

  #onFailure(draft: EventDraft, attempts: number, error: unknown): void {
    const { forbidden, onEvent, log } = this.#deps;
    onEvent('failed');
    const { namespace, kind, name } = draft.subject;
    const isApiError = error instanceof ApiError;
    if (isApiError && error.status === 403) {
      // A namespace that is being deleted takes nothing new, which is no lack of rights.
      if (/being terminated/.test(error.message)) return;
      forbidden.refused({ verb: 'create', resource: 'events', namespace }, error);
      return;
    }
    const reason = describeError(error);
    log.debug({ object: `${kind} ${namespace}/${name}`, reason }, 'event not sent');
    const isFinal =
      isApiError && error.status < 500 && error.status !== 429 && error.status !== 401;
    if (isFinal || attempts + 1 >= MAX_ATTEMPTS || !this.#deps.leadership.isLeader()) return;
    const askedMs = isApiError ? (error.retryAfterMs ?? 0) : 0;
    this.#queue.pause(Math.max(this.#backoff.next(), Math.min(askedMs, RETRY.maxMs)));
    const identity = identityOfDraft(draft);
    this.#waiting.set(identity, { draft, attempts: attempts + 1 });
    this.#queue.add(identity, draft.type === 'Warning');
  }

  #repeatOld(): void {
    const before = this.#options.clock.monotonicMs() - this.#limits.repeatMs;
    for (const [identity, draft] of this.#standing) {
      const last = this.#sent.get(identity);
      // What was never sent was dropped to keep the rate down; its turn has come.
      if (last === undefined || last.atMs < before) this.#add(draft, true);
    }
  }

  #remember(identity: string, sent: Sent): void {
    this.#sent.delete(identity);
    this.#sent.set(identity, sent);
    this.#dropOldest(this.#sent);
  }

  #bucketOf(object: string): TokenBucket {
    const { objectBurst: burst, objectSeconds } = this.#limits;
    const known = this.#buckets.get(object);
    const now = this.#options.clock.monotonicMs;
    const bucket = known ?? new TokenBucket({ perSecond: 1 / objectSeconds, burst, now });
    this.#buckets.delete(object);
    this.#buckets.set(object, bucket);
    this.#dropOldest(this.#buckets);
    return bucket;
  }

  /** What stands is never forgotten: it would be told again and again. */
  #dropOldest(map: Map<string, unknown>): void {
    if (map.size <= MAX_REMEMBERED + this.#standing.size) return;
    const [oldest] = map.keys();
    if (oldest !== undefined) map.delete(oldest);
  }
}

function pathOf({ subject }: EventDraft): string {
  return `/api/v1/namespaces/${encodeURIComponent(subject.namespace)}/events`;
}
