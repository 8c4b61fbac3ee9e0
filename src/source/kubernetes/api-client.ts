import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Logger } from '../../observability/logger.ts';
import { ApiError, GarbageError, readStatus, SilenceError, UnreachableError } from './api-error.ts';
import type { Access, Credentials } from './credentials.ts';
import { parseJson } from './watch-events.ts';

/** One way of sending a GET: a connection a request, or many requests on one. */
export interface Transport {
  /** Resolves with the head of the answer. The signal ends the request at any time. */
  get(access: Access, path: string, signal: AbortSignal): Promise<TransportResponse>;
  close(): void;
}

export interface TransportResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
  /** Asked when `body` has ended: whether the server ended it, and not the loss of the connection. */
  readonly isWhole: () => boolean;
}

export interface ApiClientOptions {
  readonly credentials: Credentials;
  readonly transport: Transport;
  /** Longest time without a byte, from the request on. */
  readonly silenceMs: number;
  readonly log: Logger;
}

const MAX_PAGE_BYTES = 256 * 1024 * 1024;
const MAX_ERROR_BYTES = 64 * 1024;

/** Reads from the API server: who we are, what counts as an answer, and whether it is there at all. */
export class ApiClient {
  readonly #options: ApiClientOptions;
  /** Why nobody answers, undefined while somebody does; `''` before the first attempt. */
  #outage: string | undefined = '';

  constructor(options: ApiClientOptions) {
    this.#options = options;
  }

  /** The parsed body of a 200. Throws an ApiError for another status, an UnreachableError when nobody answers. */
  async getJson(path: string, signal: AbortSignal): Promise<unknown> {
    const text = await readText(this.getStream(path, signal), MAX_PAGE_BYTES);
    const value = parseJson(text);
    if (value === undefined) throw new GarbageError('the answer is not JSON');
    return value;
  }

  /**
   * The body of a 200, piece by piece; `onOpen` is called when its head is there. Throws as `getJson` does, and a
   * SilenceError; leaving the loop ends the request.
   */
  async *getStream(
    path: string,
    signal: AbortSignal,
    onOpen?: () => void,
  ): AsyncGenerator<Buffer, void> {
    using exchange = new GuardedExchange(signal, this.#options.silenceMs);
    try {
      const response = await this.#authorised(path, exchange.signal);
      this.#setOutage(undefined);
      if (response.status !== 200) throw await refusal(response, exchange);
      onOpen?.();
      yield* exchange.read(response);
    } catch (error) {
      signal.throwIfAborted();
      if (exchange.signal.aborted) throw exchange.signal.reason;
      if (error instanceof ApiError) throw error;
      const unreachable = new UnreachableError(error);
      this.#setOutage(unreachable.message);
      throw unreachable;
    }
  }

  close(): void {
    this.#options.transport.close();
  }

  /** 401 says that the credentials are outdated: they are read again at once, and the request is repeated once. */
  async #authorised(path: string, signal: AbortSignal): Promise<TransportResponse> {
    const { credentials, transport } = this.#options;
    const { generation } = credentials;
    const response = await transport.get(await credentials.access(), path, signal);
    if (response.status !== 401) return response;
    response.body.on('error', () => undefined).destroy();
    credentials.renew(generation);
    return transport.get(await credentials.access(), path, signal);
  }

  /** One line a change: hundreds of watches notice the same outage. */
  #setOutage(reason: string | undefined): void {
    if (reason === this.#outage) return;
    this.#outage = reason;
    const { log, credentials } = this.#options;
    const fields = { server: credentials.server, reason };
    if (reason === undefined) log.info(fields, 'api server answers');
    else log.warn(fields, 'api server does not answer, what is known serves on');
  }
}

/** A request that ends when its caller says so, or when no byte came for too long. */
class GuardedExchange implements Disposable {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort = (): void => {
    this.#controller.abort(this.#outer.reason);
  };

  constructor(outer: AbortSignal, silenceMs: number) {
    outer.throwIfAborted();
    this.#outer = outer;
    outer.addEventListener('abort', this.#onAbort, { once: true });
    this.#timer = setTimeout(() => {
      this.#controller.abort(new SilenceError(`silent for ${Math.round(silenceMs / 1000)} s`));
    }, silenceMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  async *read({ body, isWhole }: TransportResponse): AsyncGenerator<Buffer, void> {
    for await (const chunk of body) {
      this.#timer.refresh();
      yield chunk as Buffer;
    }
    if (!isWhole()) throw new Error('connection lost');
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#onAbort);
  }
}

async function refusal(response: TransportResponse, exchange: GuardedExchange): Promise<ApiError> {
  const text = await readText(exchange.read(response), MAX_ERROR_BYTES);
  const seconds = Number(response.headers['retry-after']);
  const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
  return new ApiError(response.status, readStatus(parseJson(text)).message, retryAfterMs);
}

export async function readText(chunks: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new GarbageError('the answer is too long');
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString();
}
