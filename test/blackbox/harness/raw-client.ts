/** A client that sees bytes: writes what it is told, and takes answers apart only as far as a test needs. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { connect as connectTls, TLSSocket, type ConnectionOptions } from 'node:tls';
import { carrier } from './carrier.ts';
import { wireTap } from './wire-tap.ts';

export interface RawAnswer {
  readonly status: number;
  /** Status line and field lines as received, without the empty line. */
  readonly head: string;
  /** By lower-case name; values of repeated fields in order. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  /** Unchunked, latin1. */
  readonly body: string;
}

export class RawClient {
  readonly socket: Socket;
  #received = '';
  /** How the connection ended, if it did. */
  ended: 'no' | 'end' | 'reset' = 'no';

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text) => {
      this.#received += String(text);
    });
    socket.on('end', () => {
      if (this.ended === 'no') this.ended = 'end';
    });
    socket.on('error', () => {
      this.ended = 'reset';
    });
  }

  /** Everything received and not yet taken. */
  get received(): string {
    return this.#received;
  }

  write(bytes: string | Buffer): void {
    wireTap()?.onClientBytes(this, bytes);
    if (typeof bytes === 'string') this.socket.write(bytes, 'latin1');
    else this.socket.write(bytes);
  }

  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Goes away as rudely as its carrier can: a reset, or the end of TCP without that of TLS. */
  reset(): void {
    if (this.socket instanceof TLSSocket) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  /** The next whole answer (interim ones count as answers). `head: true` for one to HEAD. Throws if the connection ends before. */
  async readAnswer(options: { readonly head?: boolean } = {}): Promise<RawAnswer> {
    for (;;) {
      const parsed = takeAnswer(this.#received, options.head === true, this.#isOver());
      if (parsed !== undefined) {
        this.#received = this.#received.slice(parsed.length);
        return parsed.answer;
      }
      if (this.#isOver()) {
        throw new Error(`connection ended (${this.ended}) after ${JSON.stringify(this.#received)}`);
      }
      await this.#change();
    }
  }

  /** Waits until `text` was received (and leaves it there). */
  async waitFor(text: string): Promise<void> {
    while (!this.#received.includes(text)) {
      if (this.#isOver()) {
        throw new Error(`connection ended (${this.ended}) after ${JSON.stringify(this.#received)}`);
      }
      await this.#change();
    }
  }

  /** Takes what was received so far. */
  take(): string {
    const text = this.#received;
    this.#received = '';
    return text;
  }

  /** All that is received until the proxy ends the connection; see `ended` for how. */
  async readToEnd(): Promise<string> {
    while (!this.#isOver()) await this.#change();
    return this.take();
  }

  #isOver(): boolean {
    return this.ended !== 'no' || this.socket.destroyed;
  }

  async #change(): Promise<void> {
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(10_000)]);
    try {
      await Promise.race(
        ['data', 'end', 'close'].map((event) => once(this.socket, event, { signal })),
      );
    } catch (error) {
      if (signal.aborted && !stop.signal.aborted) {
        throw new Error(`nothing came for 10 s after ${JSON.stringify(this.#received)}`, {
          cause: error,
        });
      }
      // An error of the socket: `ended` tells.
    } finally {
      stop.abort();
    }
  }
}

/** Of a proxy of `startProxy`, over the carrier of this process. */
export async function connectClient(t: TestContext, port: number): Promise<RawClient> {
  if (carrier() === 'tls') return connectTlsClient(t, port);
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  return ready(t, socket, 'connect');
}

/** The same over TLS; certificates are not checked unless `options` say so. */
export async function connectTlsClient(
  t: TestContext,
  port: number,
  options: ConnectionOptions = {},
): Promise<RawClient> {
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    // Known to Node, not to its types.
    ...{ allowHalfOpen: true },
    ...options,
  });
  return ready(t, socket, 'secureConnect');
}

async function ready(t: TestContext, socket: Socket, event: string): Promise<RawClient> {
  t.after(() => {
    socket.destroy();
  });
  await once(socket, event);
  return new RawClient(socket);
}

function takeAnswer(
  text: string,
  isHead: boolean,
  isOver: boolean,
): { answer: RawAnswer; length: number } | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const head = text.slice(0, headEnd);
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
  const fields = parseFields(head);
  const start = headEnd + 4;
  const body =
    isHead || hasNoBody(status) ? emptyBody(start) : takeBody(text, start, fields, isOver);
  if (body === undefined) return undefined;
  return { answer: { status, head, fields, body: body.text }, length: body.end };
}

function hasNoBody(status: number): boolean {
  return status < 200 || status === 204 || status === 304;
}

function emptyBody(start: number): { text: string; end: number } {
  return { text: '', end: start };
}

function parseFields(head: string): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const values = fields.get(name) ?? [];
    values.push(line.slice(colon + 1).trim());
    fields.set(name, values);
  }
  return fields;
}

function takeBody(
  text: string,
  start: number,
  fields: ReadonlyMap<string, readonly string[]>,
  isOver: boolean,
): { text: string; end: number } | undefined {
  if (fields.get('transfer-encoding')?.[0] === 'chunked') return takeChunks(text, start);
  const length = fields.get('content-length')?.[0];
  if (length === undefined) {
    return isOver ? { text: text.slice(start), end: text.length } : undefined;
  }
  const end = start + Number(length);
  return text.length < end ? undefined : { text: text.slice(start, end), end };
}

function takeChunks(text: string, start: number): { text: string; end: number } | undefined {
  let body = '';
  let at = start;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = parseInt(text.slice(at, lineEnd), 16);
    const dataStart = lineEnd + 2;
    if (text.length < dataStart + size + 2) return undefined;
    body += text.slice(dataStart, dataStart + size);
    at = dataStart + size + 2;
    if (size === 0) return { text: body, end: at };
  }
}
