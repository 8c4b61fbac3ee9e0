import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../observability/logger.ts';
import type { CertificatePair } from './certificate-state.ts';
import { answerReview, parseReview, type AdmissionRequest } from './review.ts';
import type { Verdict } from './verdict.ts';

export interface WebhookServerOptions {
  /** Undefined: all addresses. */
  readonly host: string | undefined;
  /** 0: any free one. */
  readonly port: number;
}

/** What became of a request to the webhook. */
export interface Outcome {
  readonly result: 'allowed' | 'refused' | 'not ready' | 'malformed' | 'failed';
  /** Undefined: it never got to be known what it was about. */
  readonly request: AdmissionRequest | undefined;
  readonly bodyBytes: number;
  /** From the last byte of the request on, seconds. */
  readonly checkSeconds: number;
  /** From its head on, seconds. */
  readonly totalSeconds: number;
}

export interface WebhookServerDeps {
  /** Undefined: not all objects are known yet, so nobody can tell. */
  readonly validate: (request: AdmissionRequest) => Verdict | undefined;
  readonly onOutcome: (outcome: Outcome) => void;
  readonly log: Logger;
}

/** Source: security.md §10.6. A review of an UPDATE holds the object twice, and etcd takes 1.5 MiB. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;
/** Of all that are being read: four of the largest. */
const MAX_BODIES_BYTES = 4 * MAX_BODY_BYTES;
const REQUEST_MS = 10_000;
/** Longer than the API server keeps a connection that it does not use (90 s), so that it is never closed under a request. */
const KEEP_ALIVE_MS = 120_000;
const MAX_CONNECTIONS = 512;
const CLOSE_MS = 1_000;

/** Answers AdmissionReviews over TLS. Who asks is not checked: what is answered is no secret, and nothing is done. */
export class WebhookServer {
  readonly #deps: WebhookServerDeps;
  readonly #server: Server;
  /** Of bodies that are not complete. */
  #bytesRead = 0;

  private constructor(pair: CertificatePair, deps: WebhookServerDeps) {
    this.#deps = deps;
    this.#server = createServer({
      cert: pair.certificate,
      key: pair.key,
      minVersion: 'TLSv1.2',
      handshakeTimeout: REQUEST_MS,
      maxHeaderSize: 16 * 1024,
      requestTimeout: REQUEST_MS,
      headersTimeout: REQUEST_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('request', (request, response) => {
      void this.#answer(request, response);
    });
    this.#server.on('tlsClientError', (error) => {
      deps.log.debug({ err: error }, 'handshake with the webhook failed');
    });
  }

  /** Rejects when the port can't be opened. */
  static async listen(
    { host, port }: WebhookServerOptions,
    pair: CertificatePair,
    deps: WebhookServerDeps,
  ): Promise<WebhookServer> {
    const webhook = new WebhookServer(pair, deps);
    webhook.#server.listen({ host, port });
    await once(webhook.#server, 'listening');
    webhook.#server.on('error', (error) => {
      deps.log.error({ err: error }, 'webhook server failed');
    });
    return webhook;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** For handshakes from now on. */
  setCertificate({ certificate, key }: CertificatePair): void {
    this.#server.setSecureContext({ cert: certificate, key, minVersion: 'TLSv1.2' });
  }

  /** Lets answers that are under way end, for a short while. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    const timer = setTimeout(() => {
      this.#server.closeAllConnections();
    }, CLOSE_MS);
    await closed;
    clearTimeout(timer);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedAt = performance.now();
    response.on('error', () => undefined);
    if (request.method !== 'POST') {
      finish(request, response, 405, 'An AdmissionReview is sent by POST.\n', { allow: 'POST' });
      return;
    }
    const body = await this.#readBody(request);
    const review = typeof body === 'string' ? this.#review(body, startedAt) : body;
    if (review === undefined) return;
    finish(request, response, review.status, review.body, {
      'content-type': review.status === 200 ? 'application/json' : 'text/plain; charset=utf-8',
    });
  }

  /** The body, or why it is not read to its end; undefined: the client is gone. */
  async #readBody(request: IncomingMessage): Promise<string | Answer | undefined> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        const { length } = chunk as Buffer;
        bytes += length;
        this.#bytesRead += length;
        if (bytes > MAX_BODY_BYTES) return TOO_LARGE;
        if (this.#bytesRead > MAX_BODIES_BYTES) return TOO_MANY;
        chunks.push(chunk as Buffer);
      }
      return Buffer.concat(chunks).toString();
    } catch {
      return undefined;
    } finally {
      this.#bytesRead -= bytes;
    }
  }

  #review(body: string, startedAt: number): Answer {
    const readAt = performance.now();
    const { result, request, answer } = this.#judge(body);
    const now = performance.now();
    this.#deps.onOutcome({
      result,
      request,
      bodyBytes: Buffer.byteLength(body),
      checkSeconds: (now - readAt) / 1_000,
      totalSeconds: (now - startedAt) / 1_000,
    });
    return answer;
  }

  #judge(body: string): Pick<Outcome, 'result' | 'request'> & { readonly answer: Answer } {
    const request = parseReview(body);
    if ('problem' in request) {
      const answer = { status: 400, body: `${request.problem}\n` };
      return { result: 'malformed', request: undefined, answer };
    }
    try {
      const verdict = this.#deps.validate(request);
      if (verdict === undefined) return { result: 'not ready', request, answer: NOT_READY };
      const result = verdict.refusals.length === 0 ? 'allowed' : 'refused';
      return { result, request, answer: { status: 200, body: answerReview(request.uid, verdict) } };
    } catch (error) {
      // A defect of ours: whether the object may be written is for failurePolicy to say.
      const { namespace, name } = request;
      this.#deps.log.error({ err: error, object: `Ingress ${namespace}/${name}` }, 'check failed');
      return { result: 'failed', request, answer: FAILED };
    }
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

const TOO_LARGE: Answer = { status: 413, body: 'The review is larger than 3 MiB.\n' };
const TOO_MANY: Answer = { status: 503, body: 'Too many reviews at once.\n' };
const NOT_READY: Answer = { status: 503, body: 'Not all objects of the cluster are known yet.\n' };
const FAILED: Answer = { status: 500, body: 'The check failed; the log says why.\n' };

function finish(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>>,
): void {
  // What was not read of a body would be taken for the next request.
  if (!request.complete) response.shouldKeepAlive = false;
  response.writeHead(status, headers);
  response.end(body);
  if (!request.complete) request.resume();
}
