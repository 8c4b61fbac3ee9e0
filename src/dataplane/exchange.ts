import type { RouteLabels } from '../model/config.ts';
import type { ExchangeRecord } from '../observability/exchange-record.ts';
import { ownAnswerFields, PRODUCT, setAnswerFields, type AnswerContext } from './answer-fields.ts';
import { Attempt } from './attempt.ts';
import type { EndpointState } from './cluster.ts';
import type {
  AnswerHead,
  ClientPeer,
  Downstream,
  DownstreamEvents,
  ExchangeHead,
  Upstream,
  UpstreamEvents,
  UpstreamFailure,
  UpstreamRequest,
} from './codec.ts';
import { decide, type Decidable, type OwnAnswer } from './decide.ts';
import type { Engine } from './engine.ts';
import { errorPage, statusText } from './error-page.ts';
import { FieldKind, FieldList, NO_BODY } from './fields.ts';
import { droppedKinds, forwardedFields, resolveOrigin, type Origin } from './forwarded-fields.ts';
import { HeldBody } from './held-body.ts';
import { createRequestId } from './request-id.ts';
import { mayRepeat } from './retry.ts';
import type { CompiledRoute, HostTable } from './table.ts';

/** Status of the record where the client went away before an answer; never on the wire. */
const CLIENT_GONE = 499;

/**
 * A request and its answer, from the parsed head to the access line. One instance holds all that is known of it; the
 * codecs on either side push what they read, and everything happens in the turn of the event loop in which it arrives.
 */
export class Exchange
  implements Decidable, ExchangeRecord, UpstreamRequest, DownstreamEvents, UpstreamEvents
{
  path = '';
  query = '';
  upstreamTarget: string;
  hostTable: HostTable | undefined;
  route: CompiledRoute | undefined;
  requestId = '';
  addedFields = NO_FIELDS;
  /** Of the answer; 0 before it. */
  status = 0;
  failure: string | undefined;
  durationMs = 0;
  requestBytes: number;
  responseBodyBytes = 0;
  readonly attempts: Attempt[] = [];
  readonly #engine: Engine;
  readonly #downstream: Downstream;
  readonly #head: ExchangeHead;
  readonly #origin: Origin;
  readonly #startedMs: number;
  readonly #held = new HeldBody();
  #upstream: Upstream | undefined;
  #endpoint: EndpointState | undefined;
  #tried: Set<EndpointState> | undefined;
  #isRequestComplete: boolean;
  /** The request's head was sent on the present upstream. */
  #isSending = false;
  #isAnswering = false;
  #hasSentInterim = false;
  #hasReplacedStale = false;
  #isOver = false;
  #bodyBytes = 0;

  constructor(engine: Engine, downstream: Downstream, head: ExchangeHead) {
    this.#engine = engine;
    this.#downstream = downstream;
    this.#head = head;
    this.#startedMs = engine.clock.nowMs;
    this.#isRequestComplete = head.body === NO_BODY || head.body === 0;
    this.requestBytes = head.byteLength;
    this.upstreamTarget = head.target;
    this.#origin = resolveOrigin(
      { peer: downstream.peer, authority: head.authority, fields: head.fields },
      engine.table.settings.forwarded,
      engine.table.trustedPeers,
    );
    engine.stats.exchangeStarted();
  }

  get peer(): ClientPeer {
    return this.#downstream.peer;
  }
  get scheme(): 'http' | 'https' {
    return this.#origin.scheme === 'https' ? 'https' : 'http';
  }
  get method(): string {
    return this.#head.method;
  }
  get authority(): string {
    return this.#head.authority;
  }
  get host(): string {
    return this.#head.host;
  }
  get target(): string {
    return this.#head.target;
  }
  get protocol(): ExchangeHead['protocol'] {
    return this.#head.protocol;
  }
  get fields(): FieldList {
    return this.#head.fields;
  }
  get requestFields(): FieldList {
    return this.#head.fields;
  }
  get dropped(): Uint8Array {
    return droppedKinds(this.#engine.table.settings.forwarded);
  }
  get requestBody(): number {
    return this.#head.body;
  }
  get upgrade(): boolean {
    return this.#head.upgrade;
  }
  get clientAddress(): string {
    return this.#origin.address;
  }
  get upstreamAuthority(): string {
    return this.#origin.authority;
  }
  get sendMs(): number {
    return this.route?.config.timeouts.sendMs ?? 0;
  }
  get readMs(): number {
    return this.route?.config.timeouts.readMs ?? 0;
  }
  get startedAtMs(): number {
    const { clock } = this.#engine;
    return clock.unixMs - (clock.nowMs - this.#startedMs);
  }
  get referer(): string {
    return this.#head.fields.get(FieldKind.Referer) ?? '';
  }
  get userAgent(): string {
    return this.#head.fields.get(FieldKind.UserAgent) ?? '';
  }
  get responseBytes(): number {
    return this.#downstream.sentBytes;
  }
  get labels(): RouteLabels | undefined {
    return this.route?.config.labels;
  }
  get virtualHost(): string | undefined {
    return this.hostTable?.config.name;
  }
  get clusterName(): string {
    return this.route?.cluster?.config.name ?? '';
  }

  /** Once, right after it was made: routes the request, and answers it or sends it on. */
  start(): void {
    try {
      const answer = decide(this, this.#head, this.#engine);
      if (answer !== undefined) this.#answer(answer);
      else this.#forward();
    } catch (error) {
      this.#engine.log.error({ err: error, host: this.host }, 'exchange failed unexpectedly');
      this.refuse(500, 'unexpected error');
    }
  }

  /** Answers a request that is not to be served; where an answer has begun, it is cut. */
  refuse(status: number, reason: string, title = statusText(status)): void {
    if (this.#isOver) return;
    this.#dropUpstream();
    if (this.#isAnswering) this.#cut(reason);
    else this.#answer({ status, failure: reason }, title, true);
  }

  onRequestBody(chunk: Buffer): void {
    this.requestBytes += chunk.length;
    this.#bodyBytes += chunk.length;
    if (this.#isOver) return;
    const { maxBodyBytes = 'none' } = this.route?.config ?? {};
    if (maxBodyBytes !== 'none' && this.#bodyBytes > maxBodyBytes && this.status !== 101) {
      this.#engine.stats.limitTripped('request-body');
      this.refuse(413, 'request body too large');
    } else if (this.#isSending) {
      this.#held.remember(chunk);
      this.#upstream?.sendBody(chunk);
    } else {
      this.#held.hold(chunk);
    }
  }

  onRequestPause(): void {
    if (this.#isOver) return;
    if (this.#isSending) this.#upstream?.flush();
    if (this.#isSending ? this.#upstream?.isFull === true : this.#held.isFull) {
      this.#downstream.pauseBody();
    }
  }

  onRequestEnd(): void {
    this.#isRequestComplete = true;
    if (this.#isSending) this.#upstream?.finish();
  }

  onRequestRefused(status: number, reason: string): void {
    this.refuse(status, reason);
  }

  onClientDrain(): void {
    this.#upstream?.resumeAnswer();
  }

  onClientGone(reason: string): void {
    if (this.#isOver) return;
    this.#dropUpstream();
    if (this.status === 0) this.status = CLIENT_GONE;
    this.#end(reason);
  }

  onConnected(): void {
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    this.#attempt.connected(this.#engine.clock.nowMs);
    this.#isSending = true;
    upstream.send(this);
    if (this.requestBody === NO_BODY) return;
    for (const chunk of this.#held.release(this.#head.method)) upstream.sendBody(chunk);
    if (this.#isRequestComplete) upstream.finish();
    else this.#continueBody(upstream);
  }

  onInterim(answer: AnswerHead): void {
    if (this.protocol === 'HTTP/1.0') return;
    this.#hasSentInterim = true;
    this.#downstream.sendInterim(answer.status, answer.reason, answer.fields);
  }

  onAnswer(answer: AnswerHead): void {
    this.#attempt.answered(answer.status, this.#engine.clock.nowMs);
    this.#isAnswering = true;
    this.#held.drop();
    this.status = answer.status;
    setAnswerFields(answer.fields, this.#answerContext());
    this.#downstream.sendHead(answer, false);
  }

  onAnswerBody(chunk: Buffer): void {
    this.#attempt.bytes += chunk.length;
    this.responseBodyBytes += chunk.length;
    this.#downstream.sendBody(chunk);
  }

  onAnswerPause(): boolean {
    this.#downstream.flush();
    if (this.#downstream.isFull) this.#upstream?.pauseAnswer();
    return this.#downstream.holdsChunks;
  }

  onAnswerEnd(): boolean {
    this.#leaveEndpoint();
    this.#downstream.finish();
    const { holdsChunks } = this.#downstream;
    this.#end(undefined);
    this.#downstream.release();
    return holdsChunks;
  }

  onUpstreamDrain(): void {
    if (this.#isSending) this.#downstream.resumeBody();
  }

  onUpstreamFailure(failure: UpstreamFailure): void {
    const upstream = this.#upstream;
    const endpoint = this.#endpoint;
    this.#leaveEndpoint();
    if (this.#isOver || upstream === undefined || endpoint === undefined) return;
    if (failure.limit !== undefined) this.#engine.stats.limitTripped(failure.limit);
    if (this.#isAnswering) {
      this.#cut(failure.reason);
      return;
    }
    const isStale = upstream.isReused && failure.retry === 'error' && !this.#hasReplacedStale;
    if (this.#mayRepeat(failure, isStale)) this.#repeat(endpoint, isStale);
    else this.#answer({ status: failure.status, failure: failure.reason });
  }

  get #attempt(): Attempt {
    return this.attempts[this.attempts.length - 1] ?? Attempt.none;
  }

  #forward(): void {
    const { forwarded } = this.#engine.table.settings;
    const received = this.fields.get(FieldKind.XRequestId);
    this.requestId = received ?? (forwarded.generateRequestId ? createRequestId() : '');
    this.addedFields = forwardedFields(
      {
        peer: this.peer,
        authority: this.authority,
        fields: this.fields,
        origin: this.#origin,
        target: this.target,
        requestId: this.requestId,
      },
      forwarded,
    );
    if (!this.#isRequestComplete) this.#downstream.wantBody();
    this.#begin(this.route?.cluster?.pick(undefined), false);
  }

  #begin(endpoint: EndpointState | undefined, fresh: boolean): void {
    const { route } = this;
    if (endpoint === undefined || route?.cluster === undefined) {
      this.#answer({ status: 503, failure: 'no endpoint' });
      return;
    }
    const { pool, clock } = this.#engine;
    const { protocol } = route.cluster.config;
    this.attempts.push(new Attempt(endpoint.key, clock.nowMs));
    this.#endpoint = endpoint;
    endpoint.inFlight += 1;
    this.#isSending = false;
    const upstream =
      (fresh ? undefined : pool.take(endpoint, protocol)) ??
      pool.connect(endpoint, protocol, route.config.timeouts.connectMs);
    this.#upstream = upstream;
    upstream.attach(this);
    if (upstream.isConnected) this.onConnected();
  }

  #mayRepeat(failure: UpstreamFailure, isStale: boolean): boolean {
    const { route } = this;
    if (route === undefined || this.#hasSentInterim || !this.#held.isComplete) return false;
    return mayRepeat({
      failure,
      isStale,
      method: this.method,
      attempts: this.attempts.length,
      policy: route.config.retry,
    });
  }

  /** A stale connection says nothing of its endpoint, so that is asked again, on a new one. */
  #repeat(failed: EndpointState, isStale: boolean): void {
    if (isStale) {
      this.#hasReplacedStale = true;
      this.#begin(failed.removed ? this.route?.cluster?.pick(this.#tried) : failed, true);
      return;
    }
    this.#tried ??= new Set();
    this.#tried.add(failed);
    this.#begin(this.route?.cluster?.pick(this.#tried), false);
  }

  #continueBody(upstream: Upstream): void {
    upstream.flush();
    if (!upstream.isFull) this.#downstream.resumeBody();
  }

  #answer(
    { status, location, failure, allow, isEmpty = false }: OwnAnswer,
    title = statusText(status),
    close = false,
  ): void {
    this.status = status;
    this.failure = failure;
    this.#isAnswering = true;
    const context = this.#answerContext();
    const fields = ownAnswerFields(context, !isEmpty);
    if (location !== undefined) fields.push('Location', location, FieldKind.Location);
    if (allow !== undefined) fields.push('Allow', allow, FieldKind.Other);
    const product = context.settings.serverTokens ? PRODUCT : undefined;
    const page = isEmpty ? EMPTY : errorPage(status, title, product);
    const isHead = this.method === 'HEAD';
    this.#downstream.sendHead(
      {
        status,
        reason: title,
        fields,
        body: isHead ? NO_BODY : page.length,
        declaredLength: isHead ? page.length : undefined,
      },
      close,
    );
    if (!isHead) {
      this.responseBodyBytes = page.length;
      this.#downstream.sendBody(page);
    }
    this.#downstream.finish();
    this.#end(failure);
    this.#downstream.release();
  }

  #answerContext(): AnswerContext {
    const { table, clock } = this.#engine;
    const isTls = this.peer.scheme === 'https';
    return {
      settings: table.settings,
      date: clock.httpDate,
      hsts: isTls ? this.hostTable?.config.hsts : undefined,
    };
  }

  #cut(reason: string): void {
    this.#dropUpstream();
    this.#downstream.abort();
    this.#end(reason);
  }

  #dropUpstream(): void {
    const upstream = this.#upstream;
    this.#leaveEndpoint();
    upstream?.abort();
  }

  /** The attempt is over: nothing is asked of its upstream any more. */
  #leaveEndpoint(): void {
    if (this.#endpoint === undefined) return;
    this.#attempt.ended(this.#engine.clock.nowMs);
    this.#endpoint.inFlight -= 1;
    this.#endpoint = undefined;
    this.#upstream = undefined;
    this.#isSending = false;
  }

  #end(failure: string | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.failure = failure;
    this.#held.drop();
    const { clock, stats, accessLog } = this.#engine;
    this.durationMs = clock.nowMs - this.#startedMs;
    stats.exchangeFinished(this);
    accessLog.write(this);
  }
}

const NO_FIELDS = new FieldList();
const EMPTY = Buffer.alloc(0);
