import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import http2, { type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import https from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { misbehave, refuse, writeSlowly, type Fault } from './fault.ts';
import { loopbackCertificate } from './loopback-certificate.ts';
import { parseRequest, type SeenRequest } from './seen-request.ts';

export interface FakeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

export interface FakeApiServerOptions {
  /** `http1`: plaintext; `https1`: TLS without HTTP/2; `http2`: TLS with it. */
  readonly protocol: 'http1' | 'https1' | 'http2';
}

type Http2Handler = (request: Http2ServerRequest, response: Http2ServerResponse) => void;

interface Watch {
  readonly seen: SeenRequest;
  readonly response: ServerResponse;
}

interface Revision {
  readonly number: number;
  readonly resource: string;
  readonly type: string;
  readonly object: FakeObject;
}

export interface Backup {
  readonly objects: readonly (readonly [string, readonly (readonly [string, FakeObject])[]])[];
  readonly revision: number;
  readonly history: readonly Revision[];
}

/** Lists and watches from memory, as a kube-apiserver does, and breaks where it is told to. For faults alone. */
export class FakeApiServer {
  readonly requests: SeenRequest[] = [];
  /** Undefined: everybody is let in. */
  acceptedToken: string | undefined;
  readonly ca: string | undefined;
  readonly key: string | undefined;
  /** Whether a watch from a version that was not reached yet is refused; otherwise it brings nothing until then. */
  refusesFuture = true;
  /** Versions are numbers, as those of a real server; otherwise they can't be taken for any. */
  numericVersions = false;
  /** Lists are written in so many pieces, with a pause between two. */
  slowLists: { readonly pieces: number; readonly everyMs: number } | undefined;
  readonly #server: Server;
  readonly #protocol: FakeApiServerOptions['protocol'];
  readonly #sockets = new Set<Socket>();
  readonly #watches = new Set<Watch>();
  readonly #objects = new Map<string, Map<string, FakeObject>>();
  readonly #history: Revision[] = [];
  readonly #faults: { matches: (seen: SeenRequest) => boolean; fault: Fault }[] = [];
  readonly #forbidden = new Set<string>();
  readonly #waiting = new Set<() => void>();
  readonly #pages = new Map<string, FakeObject[]>();
  #revision = 100;
  #compactedAt = 0;
  #port = 0;

  constructor({ protocol }: FakeApiServerOptions) {
    this.#protocol = protocol;
    const handle = this.#handle.bind(this);
    if (protocol === 'http1') {
      this.#server = http.createServer(handle);
    } else {
      const { certificate, key } = loopbackCertificate;
      this.ca = certificate;
      this.key = key;
      const tls = { cert: certificate, key };
      this.#server =
        protocol === 'https1'
          ? https.createServer(tls, handle)
          : // The compatibility API behaves like HTTP/1.1's as far as it is used here.
            http2.createSecureServer(tls, handle as unknown as Http2Handler);
    }
    const event = protocol === 'http1' ? 'connection' : 'secureConnection';
    this.#server.on(event, (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  get url(): string {
    return `${this.#protocol === 'http1' ? 'http' : 'https'}://127.0.0.1:${this.#port}`;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Live watches of a resource. */
  watches(resource: string): number {
    return [...this.#watches].filter(({ seen }) => seen.resource === resource).length;
  }

  /** On the same port as before, when there was one. */
  async listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Cuts all connections and refuses new ones. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Creates or changes an object, and tells the watches. */
  apply(resource: string, object: FakeObject): void {
    const table = this.#table(resource);
    const type = table.has(keyOf(object)) ? 'MODIFIED' : 'ADDED';
    table.set(keyOf(object), this.#record(resource, type, object));
  }

  delete(resource: string, key: string): void {
    const object = this.#table(resource).get(key);
    if (object === undefined) throw new Error(`there is no ${resource} ${key}`);
    this.#table(resource).delete(key);
    this.#record(resource, 'DELETED', object);
  }

  /** Makes time pass: versions before this moment are `410 Gone`. */
  compact(): void {
    this.#revision += 1;
    this.#compactedAt = this.#revision;
    this.#pages.clear();
  }

  /** Where `restore` leads back to. */
  backup(): Backup {
    const objects = [...this.#objects].map(([resource, table]) => [resource, [...table]] as const);
    return { objects, revision: this.#revision, history: [...this.#history] };
  }

  /** What happened since is forgotten, and versions of then are given out again. */
  restore({ objects, revision, history }: Backup): void {
    this.#objects.clear();
    for (const [resource, table] of objects) this.#objects.set(resource, new Map(table));
    this.#history.splice(0, Infinity, ...history);
    this.#revision = revision;
    this.#pages.clear();
  }

  bookmark(resource: string): void {
    const object = { kind: 'Bookmark', metadata: { resourceVersion: this.version } };
    this.send(resource, `${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
  }

  /** The version that a bookmark or a list of this moment carries. */
  get version(): string {
    return this.numericVersions ? String(this.#revision) : versionOf(this.#revision);
  }

  /** Writes to all watches of a resource. */
  send(resource: string, bytes: string | Buffer): void {
    for (const { seen, response } of this.#watches) {
      if (seen.resource === resource) response.write(bytes);
    }
  }

  /** Ends the watches of a resource, as the server does when their time is over. */
  endWatches(resource: string): void {
    for (const watch of this.#watches) {
      if (watch.seen.resource !== resource) continue;
      watch.response.end();
      this.#watches.delete(watch);
    }
  }

  /** The next request like this one is met with a fault. */
  failNext(matches: Partial<Pick<SeenRequest, 'verb' | 'resource'>>, fault: Fault): void {
    this.#faults.push({
      matches: ({ verb, resource }) =>
        verb === (matches.verb ?? verb) && resource === (matches.resource ?? resource),
      fault,
    });
  }

  forbid(verb: 'list' | 'watch', resource: string): void {
    this.#forbidden.add(`${verb} ${resource}`);
  }

  allow(verb: 'list' | 'watch', resource: string): void {
    this.#forbidden.delete(`${verb} ${resource}`);
  }

  /** Resolves with the first request after the first `from` that is like this one. */
  async request(matches: (seen: SeenRequest) => boolean, from = 0): Promise<SeenRequest> {
    for (;;) {
      const seen = this.requests.slice(from).find(matches);
      if (seen !== undefined) return seen;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const seen = parseRequest(request);
    this.requests.push(seen);
    response.on('error', () => undefined);
    this.#answer(seen, response);
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #answer(seen: SeenRequest, response: ServerResponse): void {
    const fault = this.#faults.findIndex(({ matches }) => matches(seen));
    if (fault !== -1) {
      for (const { fault: found } of this.#faults.splice(fault, 1)) misbehave(response, found);
    } else if (this.acceptedToken !== undefined && !this.#isKnown(seen)) {
      refuse(response, 401, 'Unauthorized');
    } else if (this.#forbidden.has(`${seen.verb} ${seen.resource}`)) {
      refuse(response, 403, `User "tester" cannot ${seen.verb} resource "${seen.resource}"`);
    } else if (seen.verb === 'list') {
      this.#list(seen, response);
    } else {
      this.#watch(seen, response);
    }
  }

  #isKnown({ authorization }: SeenRequest): boolean {
    return authorization === `Bearer ${this.acceptedToken ?? ''}`;
  }

  #list(seen: SeenRequest, response: ServerResponse): void {
    const token = seen.query.get('continue');
    const all = token === null ? this.#select(seen) : this.#pages.get(token);
    if (all === undefined) {
      refuse(response, 410, 'The provided continue parameter is too old');
      return;
    }
    const limit = Number(seen.query.get('limit') ?? all.length);
    const rest = all.slice(limit);
    const next = rest.length > 0 ? `page-${this.#pages.size + 1}` : undefined;
    if (next !== undefined) this.#pages.set(next, rest);
    const metadata = { resourceVersion: this.version, ...(next && { continue: next }) };
    response.writeHead(200, { 'content-type': 'application/json' });
    const body = JSON.stringify({ kind: 'List', metadata, items: all.slice(0, limit) });
    if (this.slowLists === undefined) response.end(body);
    else writeSlowly(response, body, this.slowLists);
  }

  #watch(seen: SeenRequest, response: ServerResponse): void {
    const since = numberOf(seen.query.get('resourceVersion') ?? '');
    if (since > this.#revision && this.refusesFuture) {
      refuse(response, 504, 'Timeout: Too large resource version');
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    if (since < this.#compactedAt) {
      const object = { kind: 'Status', code: 410, message: 'too old resource version' };
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
      return;
    }
    const watch = { seen, response };
    this.#watches.add(watch);
    response.once('close', () => this.#watches.delete(watch));
    response.flushHeaders();
    for (const revision of this.#history) {
      if (revision.number > since) this.#tell(watch, revision);
    }
  }

  #select(seen: SeenRequest): FakeObject[] {
    return [...this.#table(seen.resource).values()].filter((object) => isWithin(seen, object));
  }

  #record(resource: string, type: string, object: FakeObject): FakeObject {
    this.#revision += 1;
    const recorded = {
      ...object,
      metadata: { uid: keyOf(object), ...object.metadata, resourceVersion: this.version },
    };
    const revision = { number: this.#revision, resource, type, object: recorded };
    this.#history.push(revision);
    for (const watch of this.#watches) this.#tell(watch, revision);
    return recorded;
  }

  #tell({ seen, response }: Watch, { resource, type, object }: Revision): void {
    if (seen.resource === resource && isWithin(seen, object)) {
      response.write(`${JSON.stringify({ type, object })}\n`);
    }
  }

  #table(resource: string): Map<string, FakeObject> {
    const table = this.#objects.get(resource) ?? new Map<string, FakeObject>();
    this.#objects.set(resource, table);
    return table;
  }
}

/** Listens on loopback until the test is over. */
export async function startFakeApiServer(
  t: TestContext,
  options: FakeApiServerOptions,
): Promise<FakeApiServer> {
  const server = new FakeApiServer(options);
  await server.listen();
  t.after(() => server.close().catch(() => undefined));
  return server;
}

/** Versions are opaque: these would not survive being taken for numbers. */
function versionOf(revision: number): string {
  return `r${revision.toString(36)}`;
}

function numberOf(version: string): number {
  if (/^\d/.test(version)) return Number(version);
  return Number.parseInt(version.slice(1), 36);
}

function keyOf({ metadata: { namespace, name } }: FakeObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function isWithin({ namespace, name }: SeenRequest, { metadata }: FakeObject): boolean {
  return (
    (namespace === undefined || metadata.namespace === namespace) &&
    (name === undefined || metadata.name === name)
  );
}
