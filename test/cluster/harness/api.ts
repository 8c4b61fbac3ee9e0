import { KubeConfig } from '@kubernetes/client-node';
import { once } from 'node:events';
import https from 'node:https';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

/** What every object has; `spec` and the rest are the caller's to know. */
export interface ApiObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
  };
}

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T;
}

/** An answer of the API server that is not 2xx; `status` is its code. */
export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

type PatchKind = 'merge' | 'strategic-merge' | 'json';

/** The API server's JSON over HTTPS, with the credentials of a kubeconfig and no retries: for tests and the stand-in kubelet. */
export class Api {
  readonly #server: URL;
  readonly #credentials: https.RequestOptions;
  readonly #headers: OutgoingHttpHeaders;

  private constructor(server: URL, credentials: https.RequestOptions) {
    this.#server = server;
    this.#credentials = credentials;
    this.#headers = credentials.headers as OutgoingHttpHeaders; // given as an object, below
  }

  static async fromKubeconfig(file: string): Promise<Api> {
    const config = new KubeConfig();
    config.loadFromFile(file);
    const cluster = config.getCurrentCluster();
    if (cluster === null) throw new Error(`${file} has no current cluster`);
    const options: https.RequestOptions = { headers: {} };
    await config.applyToHTTPSOptions(options);
    return new Api(new URL(cluster.server), options);
  }

  async get<T>(path: string): Promise<T> {
    return JSON.parse(await this.#call('GET', path)) as T;
  }

  async create(path: string, object: unknown): Promise<void> {
    await this.#call('POST', path, object);
  }

  async patch(path: string, change: unknown, kind: PatchKind = 'merge'): Promise<void> {
    await this.#call('PATCH', path, change, `application/${kind}-patch+json`);
  }

  /** `gracePeriodSeconds` undefined: the object's own. An object that is gone already is no error. */
  async delete(path: string, gracePeriodSeconds?: number): Promise<void> {
    try {
      await this.#call('DELETE', path, { gracePeriodSeconds });
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }
  }

  /** The text of an endpoint outside the resources, such as `/readyz`. Throws `ApiError` unless 2xx. */
  async text(path: string): Promise<string> {
    return this.#call('GET', path);
  }

  /** Events until the server ends the stream. Throws on anything else, `signal` included. */
  async *watch<T>(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent<T>> {
    const response = await this.#request('GET', path, undefined, undefined, signal);
    if (response.statusCode !== 200) throw await toError(response, `watch ${path}`);
    for await (const line of createInterface({ input: response, crlfDelay: Infinity })) {
      yield JSON.parse(line) as WatchEvent<T>;
    }
  }

  async #call(method: string, path: string, body?: unknown, type?: string): Promise<string> {
    const response = await this.#request(method, path, body, type, AbortSignal.timeout(15_000));
    const status = response.statusCode ?? 0;
    if (status < 200 || status > 299) throw await toError(response, `${method} ${path}`);
    return text(response);
  }

  async #request(
    method: string,
    path: string,
    body: unknown,
    type = 'application/json',
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const content = body === undefined ? '' : JSON.stringify(body);
    const request = https.request(new URL(path, this.#server), {
      ...this.#credentials,
      method,
      signal,
      headers: {
        ...this.#headers,
        'content-type': type,
        'content-length': Buffer.byteLength(content), // Node leaves it out of a DELETE
        accept: 'application/json',
      },
    });
    request.end(content);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    request.on('error', () => {}); // an abort after the head: the reader of the body sees it too
    return response;
  }
}

async function toError(response: IncomingMessage, call: string): Promise<ApiError> {
  const body = await text(response);
  let message = body;
  try {
    message = (JSON.parse(body) as { message?: string }).message ?? body;
  } catch {
    // Not a Status object: the text as it is.
  }
  return new ApiError(response.statusCode ?? 0, `${call}: ${response.statusCode ?? 0} ${message}`);
}
