import type { LimitName } from '../observability/limits.ts';
import type { AnswerFields } from './answer-fields.ts';
import type { FieldBlock, KindMask } from './field-block.ts';
import type { FieldList } from './fields.ts';
import type { ClientPeer, Origin } from './origin.ts';

/**
 * The two seams of an exchange. Between them an `Exchange` knows no protocol: HTTP/1.1 is one codec on either side, HTTP/2
 * is another. Bodies are pushed as they arrive; who is full says so and is obeyed. All of it is synchronous, and nothing
 * here throws.
 */

/** A parsed request, whatever protocol it came by; `http1/request-head.ts` says more of each. */
export interface ExchangeHead {
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  readonly host: string;
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2.0';
  readonly fields: FieldList;
  /** NO_BODY, CHUNKED (of unknown length) or a length in bytes. */
  readonly body: number;
  readonly upgrade: boolean;
  /** The client takes trailers: `TE: trailers`. */
  readonly acceptsTrailers: boolean;
  readonly byteLength: number;
}

/** The head of an answer. After a status of 101 bytes flow raw both ways until either side ends: a tunnel. */
export interface AnswerHead {
  readonly status: number;
  readonly reason: string;
  readonly fields: FieldList;
  /** NO_BODY, CHUNKED, UNTIL_CLOSE (of unknown length, both) or a length in bytes. */
  readonly body: number;
  /** Content-Length where no body follows it: answers to HEAD, and 304. */
  readonly declaredLength: number | undefined;
}

/** The client's side of one exchange, as the exchange sees it. */
export interface Downstream {
  readonly peer: ClientPeer;
  /** Bytes that the client was sent for this exchange so far. */
  readonly sentBytes: number;
  /** No more bytes are welcome until `onClientDrain`. */
  readonly isFull: boolean;
  /** What was sent and is still here, in bytes. */
  readonly waitingBytes: number;
  /** A chunk that was given is still referred to: its memory must not be used again. */
  readonly holdsChunks: boolean;
  /** A body will be read: tells a client that waits for `100 Continue`. */
  wantBody(): void;
  pauseBody(): void;
  resumeBody(): void;
  /** A 1xx other than 100 and 101. */
  sendInterim(status: number, reason: string, fields: FieldList): void;
  /** `changes`: to the head's fields. `close`: nothing more is to be read from this client. */
  sendHead(head: AnswerHead, changes: AnswerFields, close: boolean): void;
  /** The bytes from `start` to `end`; a view of each piece would cost more than all else that is done with a small one. */
  sendBody(chunk: Buffer, start: number, end: number): void;
  /** The answer is whole; it leaves now. `trailers` go where its framing has a place for them. */
  finish(trailers?: FieldList): void;
  /** After `finish`: the exchange has said its last, another may begin. */
  release(): void;
  /** What was sent may leave now: the source has no more at hand. */
  flush(): void;
  /** The answer can't be completed, and the client must see that. Releases, too. */
  abort(): void;
}

/** What a downstream codec tells its exchange. */
export interface DownstreamEvents {
  /** `isOwn`: nobody writes over the chunk, it may be kept; any other is volatile, and valid during the call alone. */
  onRequestBody(chunk: Buffer, isOwn: boolean): void;
  /** Nothing more is at hand for the moment. */
  onRequestPause(): void;
  /** `trailers`: as for `onAnswerEnd`. */
  onRequestEnd(trailers?: FieldList): void;
  /** The body breaks the rules of its protocol, or came too slowly: answered with `status`, or cut. */
  onRequestRefused(status: number, reason: string): void;
  onClientDrain(): void;
  /** The client is gone; nothing reaches it any more. */
  onClientGone(reason: string): void;
}

/** What an upstream codec needs to know to send a request. */
export interface UpstreamRequest {
  /** The client's. */
  readonly protocol: ExchangeHead['protocol'];
  readonly method: string;
  readonly upstreamTarget: string;
  /** Host, and X-Forwarded-Host. */
  readonly upstreamAuthority: string;
  /** The client's. */
  readonly fields: FieldList;
  readonly droppedFields: KindMask;
  /** Beside them: X-Request-ID (empty: none), where the request comes from, and what the client said of that itself. */
  readonly requestId: string;
  readonly origin: Origin;
  readonly originalFields: FieldList | undefined;
  /** What is known of the client's certificate; undefined: the host has nothing to do with any. */
  readonly clientFields: FieldBlock | undefined;
  /** NO_BODY, CHUNKED or a length in bytes. */
  readonly requestBody: number;
  readonly upgrade: boolean;
  /** The client takes trailers; said to endpoints that may send some. */
  readonly acceptsTrailers: boolean;
  readonly sendMs: number;
  readonly readMs: number;
}

/** The endpoint's side of one attempt, as the exchange sees it. */
export interface Upstream {
  /** Requests may be sent. Otherwise `onConnected` or `onUpstreamFailure` follows. */
  readonly isConnected: boolean;
  /** An earlier exchange used this connection: it may have died since, which says nothing of the endpoint. */
  readonly isReused: boolean;
  readonly isFull: boolean;
  /** Whose events follow; the exchange that took it, before anything else. */
  attach(events: UpstreamEvents): void;
  send(request: UpstreamRequest): void;
  /** `isOwn`: as for `onRequestBody`. */
  sendBody(chunk: Buffer, isOwn: boolean): void;
  /** The request is whole. `trailers` go where its framing has a place for them. */
  finish(trailers?: FieldList): void;
  /** What was sent may leave now. */
  flush(): void;
  pauseAnswer(): void;
  resumeAnswer(): void;
  /** The attempt is over, whatever state it is in; no further event comes. */
  abort(): void;
}

/** What an upstream codec tells the exchange. */
export interface UpstreamEvents {
  /** A chunk that was given is still referred to: its memory must not be used again. */
  readonly holdsChunks: boolean;
  onConnected(): void;
  /** 1xx, but for 100 (which the codec swallows) and 101. */
  onInterim(answer: AnswerHead): void;
  /** The final head, or a 101 that was asked for. */
  onAnswer(answer: AnswerHead): void;
  onAnswerBody(chunk: Buffer, start: number, end: number): void;
  /** Nothing more is at hand for the moment. True: a chunk is still referred to, its memory must not be used again. */
  onAnswerPause(): boolean;
  /**
   * The answer is whole; the upstream must not be spoken to any more. The result is that of `onAnswerPause`.
   * @param trailers without those that must not come late (RFC 9110 §6.5.1); undefined: none.
   */
  onAnswerEnd(trailers?: FieldList): boolean;
  onUpstreamDrain(): void;
  /** The attempt is over. */
  onUpstreamFailure(failure: UpstreamFailure): void;
  /** Something threw that must not: a defect of ours. */
  onDefect(error: unknown): void;
}

/** Why an attempt failed; one constant for each cause. */
export interface UpstreamFailure {
  /** What the client is answered if there is no further attempt. */
  readonly status: 502 | 504;
  /** Constant text for logs. */
  readonly reason: string;
  /** As what another attempt may mend it; `no`: not at all. */
  readonly retry: 'error' | 'timeout' | 'invalid-head' | 'no';
  /** No byte of the request can have reached the endpoint. */
  readonly beforeRequest: boolean;
  readonly limit: LimitName | undefined;
}
