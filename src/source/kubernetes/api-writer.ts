import { readText } from './api-client.ts';
import { ApiError, GarbageError, readStatus, UnreachableError } from './api-error.ts';
import type { Credentials } from './credentials.ts';
import type { ApiRequest, Http1Transport } from './http1-transport.ts';
import type { TransportResponse } from './api-client.ts';
import { isJsonObject, type JsonObject } from './prune.ts';
import { parseJson } from './watch-events.ts';

/** Single objects, read and written. Throws an ApiError for any status but 2xx, an UnreachableError when nobody answers. */
export interface ObjectApi {
  get(path: string): Promise<JsonObject>;
  create(path: string, object: JsonObject): Promise<JsonObject>;
  /** With the `resourceVersion` that was read: a 409 says that somebody else was faster. */
  replace(path: string, object: JsonObject): Promise<JsonObject>;
  /** RFC 7386 merge patch. */
  merge(path: string, change: JsonObject): Promise<JsonObject>;
}

export interface ApiWriterOptions {
  readonly credentials: Credentials;
  readonly transport: Http1Transport;
  /** For all of one request. */
  readonly timeoutMs: number;
}

const MAX_BYTES = 16 * 1024 * 1024;

/** The API server's objects over connections of our own, apart from the watches. */
export class ApiWriter implements ObjectApi {
  readonly #options: ApiWriterOptions;

  constructor(options: ApiWriterOptions) {
    this.#options = options;
  }

  get(path: string): Promise<JsonObject> {
    return this.#call({ method: 'GET', path });
  }

  create(path: string, object: JsonObject): Promise<JsonObject> {
    return this.#call({ method: 'POST', path, body: json(object, 'application/json') });
  }

  replace(path: string, object: JsonObject): Promise<JsonObject> {
    return this.#call({ method: 'PUT', path, body: json(object, 'application/json') });
  }

  merge(path: string, change: JsonObject): Promise<JsonObject> {
    return this.#call({
      method: 'PATCH',
      path,
      body: json(change, 'application/merge-patch+json'),
    });
  }

  close(): void {
    this.#options.transport.close();
  }

  async #call(request: ApiRequest): Promise<JsonObject> {
    try {
      const signal = AbortSignal.timeout(this.#options.timeoutMs);
      const { status, headers, body } = await this.#authorised(request, signal);
      const value = parseJson(await readText(body, MAX_BYTES));
      if (status < 200 || status > 299) {
        throw new ApiError(status, readStatus(value).message, retryAfterMs(headers['retry-after']));
      }
      if (!isJsonObject(value)) throw new GarbageError('the answer is no JSON object');
      return value;
    } catch (error) {
      if (error instanceof ApiError || error instanceof GarbageError) throw error;
      throw new UnreachableError(error);
    }
  }

  /** 401 says that the credentials are outdated: they are read again at once, and the request is repeated once. */
  async #authorised(request: ApiRequest, signal: AbortSignal): Promise<TransportResponse> {
    const { credentials, transport } = this.#options;
    const { generation } = credentials;
    const response = await transport.send(await credentials.access(), request, signal);
    if (response.status !== 401) return response;
    response.body.on('error', () => undefined).destroy();
    credentials.renew(generation);
    return transport.send(await credentials.access(), request, signal);
  }
}

function json(object: JsonObject, type: string): ApiRequest['body'] {
  return { text: JSON.stringify(object), type };
}

function retryAfterMs(header: string | undefined): number | undefined {
  const seconds = Number(header);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
}
