import { withCookie, type AnswerFields } from './answer-fields.ts';
import { Attempt } from './attempt.ts';
import type { EndpointState } from './cluster.ts';
import type {
  AnswerHead,
  Downstream,
  DownstreamEvents,
  ExchangeHead,
  Upstream,
  UpstreamEvents,
  UpstreamFailure,
} from './codec.ts';
import { decide, NO_ENDPOINT, type OwnAnswer } from './decide.ts';
import type { Engine } from './engine.ts';
import { ExchangeFacts } from './exchange-facts.ts';
import { FieldKind, NO_BODY, type FieldList } from './fields.ts';
import { originalFields } from './forwarded-fields.ts';
import { HeldBody } from './held-body.ts';
import { createOwnMessage } from './own-answer.ts';
import { readAheadBytes } from './read-ahead.ts';
import { createRequestId } from './request-id.ts';
import { bytesToKeep, mayRepeat, type FailedAttempt } from './retry.ts';
import { sessionCookieText } from './session-cookie.ts';

/** Status of the record where the client went away before an answer; never on the wire. */
const CLIENT_GONE = 499;
const SWITCHING_PROTOCOLS = 101;
const NOT_SWITCHED: OwnAnswer = { status: 502, failure: 'endpoint did not switch protocols' };
const NO_TUNNEL: OwnAnswer = { status: 404, failure: 'no tunnel where the proxy answers itself' };

/**
 * A request and its answer, from the parsed head to the access line. The codecs on either side push what they read, and
 * everything happens in the turn of the event loop in which it arrives.
 */
export class Exchange extends ExchangeFacts implements DownstreamEvents, UpstreamEvents {
  #upstream: Upstream | undefined = undefined;
  #endpoint: EndpointState | undefined = undefined;
  #attempt: Attempt | undefined = undefined;
  #held: HeldBody | undefined = undefined;
  #bodyBytes = 0;
  #isRequestComplete: boolean;
  #requestTrailers: FieldList | undefined = undefined;
  /** The request's head was sent on the present upstream. */
  #isSending = false;
  #isAnswering = false;
  #hasSentInterim = false;
  #hasReplacedStale = false;
  #readAheadBytes = 0;
  #isOver = false;

  constructor(engine: Engine, downstream: Downstream, head: ExchangeHead, startedMs: number) {
    super(engine, downstream, head, startedMs);
    this.#isRequestComplete = head.body === NO_BODY || head.body === 0;
    engine.stats.exchangeStarted();
  }

  get holdsChunks(): boolean {
    return this.downstream.holdsChunks;
  }

  /** Once, right after it was made: routes the request, and answers it or sends it on. */
  start(): void {
    const answer = decide(this, this.engine);
    if (answer === undefined) this.#forward();
    else this.#answer(answer, undefined, answer.closes);
  }

  /** Answers a request that is not to be served, and closes; where an answer has begun, it is cut. */
  refuse(answer: OwnAnswer, title?: string): void {
    if (this.#isOver) return;
    this.#dropUpstream();
    if (this.#isAnswering) this.#cut(answer.failure ?? '');
    else this.#answer(answer, title, true);
  }

  onRequestBody(chunk: Buffer, isOwn: boolean): void {
    this.requestBytes += chunk.length;
    this.#bodyBytes += chunk.length;
    if (this.#isOver) return;
    const maxBodyBytes = this.route?.config.maxBodyBytes ?? 'none';
    const isTunnel = this.status === SWITCHING_PROTOCOLS;
    if (maxBodyBytes !== 'none' && this.#bodyBytes > maxBodyBytes && !isTunnel) {
      this.engine.stats.limitTripped('request-body');
      this.refuse({ status: 413, failure: 'request body too large' });
      return;
    }
    this.#held ??= new HeldBody();
    if (this.#isSending) {
      this.#held.remember(chunk, isOwn);
      this.#upstream?.sendBody(chunk, isOwn);
    } else {
      this.#held.hold(chunk, isOwn);
    }
  }

  onRequestPause(): void {
    if (this.#isOver) return;
    if (this.#isSending) this.#upstream?.flush();
    const isFull = this.#isSending ? this.#upstream?.isFull : this.#held?.isFull;
    if (isFull === true) this.downstream.pauseBody();
  }

  onRequestEnd(trailers?: FieldList): void {
    this.#isRequestComplete = true;
    if (this.route?.cluster?.speaksGrpc === true) this.#requestTrailers = trailers;
    if (this.#isSending) this.#upstream?.finish(this.#requestTrailers);
  }

  onRequestRefused(status: number, reason: string): void {
    this.refuse({ status, failure: reason });
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
    this.#attempt?.connected(this.engine.clock.nowMs);
    this.#isSending = true;
    upstream.send(this);
    if (this.requestBody === NO_BODY) return;
    const keepBytes = bytesToKeep(
      this.method,
      this.route?.config,
      this.route?.cluster?.speaksGrpc === true,
    );
    for (const chunk of this.#held?.release(keepBytes) ?? []) upstream.sendBody(chunk, true);
    if (this.#isRequestComplete) {
      upstream.finish(this.#requestTrailers);
    } else {
      upstream.flush();
      if (!upstream.isFull) this.downstream.resumeBody();
    }
  }

  onInterim(answer: AnswerHead): void {
    if (this.protocol === 'HTTP/1.0') return;
    this.#hasSentInterim = true;
    this.downstream.sendInterim(answer.status, answer.reason, answer.fields);
  }

  onAnswer(answer: AnswerHead): void {
    this.#attempt?.answered(answer.status, this.engine.clock.nowMs);
    if (this.#repeatsInstead(answer)) return;
    if (this.#refusesUpgrade(answer)) {
      this.refuse(NOT_SWITCHED);
      return;
    }
    this.#isAnswering = true;
    this.#held?.drop();
    this.status = answer.status;
    this.#readAheadBytes = readAheadBytes(answer.fields, this.route?.config.buffering);
    this.downstream.sendHead(answer, this.#answerFields(answer.fields), false);
  }

  onAnswerBody(chunk: Buffer, start: number, end: number): void {
    if (this.#attempt !== undefined) this.#attempt.bytes += end - start;
    this.responseBodyBytes += end - start;
    this.downstream.sendBody(chunk, start, end);
  }

  onAnswerPause(): boolean {
    const downstream = this.downstream;
    downstream.flush();
    if (downstream.isFull && downstream.waitingBytes >= this.#readAheadBytes) {
      this.#upstream?.pauseAnswer();
    }
    return downstream.holdsChunks;
  }

  onAnswerEnd(trailers?: FieldList): boolean {
    // HTTP/2 has a place for trailers whatever the client said; an HTTP/1.1 client must ask (RFC 9110 §6.5.1).
    const isWelcome = this.protocol === 'HTTP/2.0' || this.acceptsTrailers;
    const passesOn = isWelcome && this.route?.cluster?.speaksGrpc === true;
    this.#leaveEndpoint(true);
    this.downstream.finish(passesOn ? trailers : undefined);
    const { holdsChunks } = this.downstream;
    this.#end(undefined);
    this.downstream.release();
    return holdsChunks;
  }

  onUpstreamDrain(): void {
    if (this.#isSending) this.downstream.resumeBody();
  }

  onUpstreamFailure(failure: UpstreamFailure): void {
    const upstream = this.#upstream;
    const endpoint = this.#endpoint;
    this.#leaveEndpoint();
    if (this.#isOver || upstream === undefined || endpoint === undefined) return;
    if (failure.limit !== undefined) this.engine.stats.limitTripped(failure.limit);
    const isStale = upstream.isReused && failure.retry === 'error' && !this.#hasReplacedStale;
    if (!this.#isAnswering && this.#mayRepeat(failure.retry, failure.beforeRequest, isStale)) {
      this.#repeat(endpoint, isStale);
      return;
    }
    if (this.#isAnswering) this.#cut(failure.reason);
    else this.#answer({ status: failure.status, failure: failure.reason });
    this.engine.failures.report(this, this.engine.clock.nowMs);
  }

  onDefect(error: unknown): void {
    this.engine.log.error({ err: error, host: this.host }, 'exchange failed unexpectedly');
    try {
      this.refuse({ status: 500, failure: 'unexpected error' });
    } catch {
      this.downstream.abort();
      this.#end('unexpected error');
    }
  }

  #forward(): void {
    const { forwarded } = this.engine.table.settings;
    const received = this.fields.get(FieldKind.XRequestId);
    this.requestId = received ?? (forwarded.generateRequestId ? createRequestId() : '');
    this.originalFields = originalFields(this, forwarded);
    this.clientFields = this.hostTable?.guard?.fieldsFor(this.handshake);
    if (!this.#isRequestComplete) this.downstream.wantBody();
    this.#begin(this.route?.cluster?.pick(this), false);
  }

  #begin(endpoint: EndpointState | undefined, fresh: boolean): void {
    const { route } = this;
    if (endpoint === undefined || route?.cluster === undefined) {
      this.#answer(NO_ENDPOINT);
      return;
    }
    const { pool, clock } = this.engine;
    const { transport } = route.cluster;
    this.#attempt = new Attempt(endpoint.key, clock.nowMs);
    this.attempts = [...this.attempts, this.#attempt];
    this.#endpoint = endpoint;
    route.cluster.began(endpoint);
    const upstream =
      (fresh ? undefined : pool.take(endpoint, transport)) ??
      pool.connect(endpoint, transport, route.config.timeouts.connectMs);
    this.#upstream = upstream;
    upstream.attach(this);
    if (upstream.isConnected) this.onConnected();
  }

  /** An answer that is not passed on, since another endpoint may have a better one. */
  #repeatsInstead({ status }: AnswerHead): boolean {
    const endpoint = this.#endpoint;
    if (status < 400 || endpoint === undefined || !this.#mayRepeat(status, false, false)) {
      return false;
    }
    this.#dropUpstream();
    this.#repeat(endpoint, false);
    return true;
  }

  /** Over HTTP/2 any 2xx would open the tunnel to the client (RFC 8441 §5), which but for a 101 leads nowhere. */
  #refusesUpgrade({ status }: Pick<AnswerHead, 'status'>): boolean {
    return this.upgrade && this.protocol === 'HTTP/2.0' && status >= 200 && status < 300;
  }

  #mayRepeat(cause: FailedAttempt['cause'], beforeRequest: boolean, isStale: boolean): boolean {
    const { route, method } = this;
    if (route === undefined || this.#hasSentInterim || this.#held?.isComplete === false) {
      return false;
    }
    const attempts = this.attempts.length;
    const elapsedMs = this.engine.clock.nowMs - (this.attempts[0]?.startedMs ?? 0);
    const failed = { cause, beforeRequest, isStale, method, attempts, elapsedMs };
    return mayRepeat(failed, route.config.retry);
  }

  /** A stale connection says nothing of its endpoint, so that is asked again, on a new one. */
  #repeat(failed: EndpointState, isStale: boolean): void {
    const cluster = this.route?.cluster;
    if (isStale) {
      this.#hasReplacedStale = true;
      this.#begin(failed.removed ? cluster?.pick(this) : failed, true);
      return;
    }
    this.tried ??= new Set();
    this.tried.add(failed);
    this.#begin(cluster?.pick(this), false);
  }

  #answer(own: OwnAnswer, title = own.title, close = false): void {
    const answer = this.#refusesUpgrade(own) ? NO_TUNNEL : own;
    const showsProduct = this.engine.table.settings.serverTokens;
    const { head, page } = createOwnMessage(answer, this, { title, showsProduct });
    // Of a gRPC error too, which the client gets as a 200: docs/decisions/grpc-errors.md.
    this.status = answer.status;
    this.#isAnswering = true;
    this.downstream.sendHead(head, this.#answerFields(), close);
    if (page !== undefined) {
      this.responseBodyBytes = page.length;
      this.downstream.sendBody(page, 0, page.length);
    }
    this.downstream.finish();
    this.#end(answer.failure);
    this.downstream.release();
  }

  #answerFields(received?: FieldList): AnswerFields {
    const { table, answerFields } = this.engine;
    const isTls = this.downstream.peer.scheme === 'https';
    const hsts = isTls ? this.hostTable?.config.hsts : undefined;
    const usual = answerFields.fieldsFor(hsts, table.settings, received);
    const cookie = this.route?.config.sessionCookie;
    if (this.session === undefined || received === undefined || cookie === undefined) return usual;
    const client = { isTls, userAgent: this.userAgent, unixMs: this.engine.clock.unixMs };
    return withCookie(usual, sessionCookieText(cookie, this.session, client));
  }

  #cut(reason: string): void {
    this.#dropUpstream();
    this.downstream.abort();
    this.#end(reason);
  }

  #dropUpstream(): void {
    const upstream = this.#upstream;
    this.#leaveEndpoint();
    upstream?.abort();
  }

  /** The attempt is over: nothing is asked of its upstream any more. `isAnswered`: the endpoint said all it had to say. */
  #leaveEndpoint(isAnswered = false): void {
    if (this.#endpoint === undefined) return;
    const { nowMs } = this;
    this.#attempt?.ended(nowMs);
    // How long a tunnel stood says nothing of how fast its endpoint is.
    const isMeasured = isAnswered && this.status !== SWITCHING_PROTOCOLS;
    const answerMs = isMeasured ? this.#attempt?.responseMs : undefined;
    this.route?.cluster?.ended(this.#endpoint, answerMs, nowMs);
    this.#endpoint = undefined;
    this.#upstream = undefined;
    this.#isSending = false;
  }

  #end(failure: string | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.failure = failure;
    this.#held?.drop();
    const { clock, stats, accessLog } = this.engine;
    this.durationMs = clock.nowMs - this.startedMs;
    stats.exchangeFinished(this);
    accessLog.write(this);
  }
}
