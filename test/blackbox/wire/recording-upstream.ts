/**
 * An endpoint that reads requests by the letter of RFC 9112, with a parser of its own that shares nothing with the proxy's,
 * and records what a proxy must never send: a second framing or Host, a control byte, a hop-by-hop field, a name that is
 * not of letters, digits and dashes, bytes after a message. A test fails when anything of that was seen.
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { Endpoint } from '../../../src/model/config.ts';
import { startRawUpstream } from '../harness/upstream.ts';

export interface ReceivedRequest {
  readonly method: string;
  readonly target: string;
  /** In order, as received. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** As far as it came, unchunked, latin1. */
  body: string;
  framing: 'none' | 'length' | 'chunked';
  /** The message came whole. */
  isComplete: boolean;
  /** Counted from 1. */
  readonly connection: number;
}

export interface RecordingUpstream {
  readonly endpoint: Endpoint;
  /** Every request whose head came whole, in order. */
  readonly requests: readonly ReceivedRequest[];
  /** What was not by the letter. Asserted to be empty when the test ends. */
  readonly faults: readonly string[];
  connections(): number;
  /** Requests that came whole. */
  completed(): readonly ReceivedRequest[];
}

export interface RecordingOptions {
  /** Bytes to answer with, latin1; `undefined`: none now (`respond` later). Default: 200 with method, target and Host as body. */
  readonly answer?: (request: ReceivedRequest, socket: Socket) => string | undefined;
  /** When the head is there, before the body. Default: nothing. */
  readonly onHead?: (request: ReceivedRequest, socket: Socket) => void;
  /** Names with an underscore are expected. */
  readonly allowsUnderscores?: boolean;
}

export async function startRecordingUpstream(
  t: TestContext,
  options: RecordingOptions = {},
): Promise<RecordingUpstream> {
  const requests: ReceivedRequest[] = [];
  const faults: string[] = [];
  let connections = 0;
  const upstream = await startRawUpstream(t, (socket) => {
    connections += 1;
    const reader = new StrictReader(connections, options, {
      onHead(request) {
        requests.push(request);
        options.onHead?.(request, socket);
      },
      onRequest(request) {
        const bytes = (options.answer ?? echo)(request, socket);
        if (bytes !== undefined) socket.write(bytes, 'latin1');
      },
      onFault(text) {
        faults.push(text);
        socket.destroy();
      },
    });
    socket.on('data', (chunk) => {
      reader.read(chunk.toString('latin1'));
    });
    socket.on('end', () => {
      socket.end();
    });
  });
  t.after(() => {
    assert.deepEqual(faults, []);
  });
  return {
    endpoint: upstream.endpoint,
    requests,
    faults,
    connections: () => upstream.connections(),
    completed: () => requests.filter(({ isComplete }) => isComplete),
  };
}

/** All values of a field, in order. */
export function valuesOf(request: ReceivedRequest | undefined, name: string): string[] {
  const wanted = name.toLowerCase();
  const fields = request?.fields ?? [];
  return fields.filter(([own]) => own.toLowerCase() === wanted).map(([, value]) => value);
}

/** 200 with these lines and this body, framed by length. */
export function ok(body: string, ...lines: readonly string[]): string {
  const head = ['HTTP/1.1 200 OK', `Content-Length: ${body.length}`, ...lines];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

/** What the default answer holds: whoever gets it knows whose answer it is. */
export function echoed(method: string, target: string, host: string): string {
  return `${method} ${target} ${host}`;
}

/** The default answer. */
export function echo(request: ReceivedRequest): string {
  const { method, target } = request;
  return ok(
    method === 'HEAD' ? '' : echoed(method, target, valuesOf(request, 'host').join(' and ')),
  );
}

export interface ReaderEvents {
  onHead(request: ReceivedRequest): void;
  onRequest(request: ReceivedRequest): void;
  onFault(text: string): void;
}

const FORBIDDEN = new Set([
  'keep-alive',
  'proxy-connection',
  'proxy',
  'te',
  'trailer',
  'http2-settings',
  'expect',
]);
const NAME = /^[A-Za-z0-9-]+$/;
const NAME_OR_UNDERSCORE = /^[A-Za-z0-9_-]+$/;

/** Reads what one connection receives. */
export class StrictReader {
  readonly #connection: number;
  readonly #options: RecordingOptions;
  readonly #events: ReaderEvents;
  #text = '';
  #request: ReceivedRequest | undefined;
  /** Bytes of the body still to come, or where in a chunked one we are. */
  #left: number | 'size' | 'data-end' | 'tunnel' = 0;
  #chunkLeft = 0;

  constructor(connection: number, options: RecordingOptions, events: ReaderEvents) {
    this.#connection = connection;
    this.#options = options;
    this.#events = events;
  }

  read(text: string): void {
    this.#text += text;
    try {
      while (this.#step());
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#events.onFault(`${error.message}: ${JSON.stringify(this.#text.slice(0, 400))}`);
    }
  }

  /** Whether anything was taken. */
  #step(): boolean {
    if (this.#left === 'tunnel') return this.#tunnel();
    if (this.#request === undefined) return this.#head();
    if (this.#request.framing === 'chunked') return this.#chunk(this.#request);
    return this.#plain(this.#request);
  }

  #head(): boolean {
    const end = this.#text.indexOf('\r\n\r\n');
    if (end === -1) return false;
    const [line = '', ...lines] = this.#text.slice(0, end).split('\r\n');
    check(
      !/[\x00-\x08\x0a-\x1f\x7f]/.test(this.#text.slice(0, end).replaceAll('\r\n', '')),
      'control byte',
    );
    const parts = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ((?:\/[!-~]*)|\*) HTTP\/1\.1$/.exec(line);
    check(parts !== null, 'request line');
    const fields = lines.map((text) => this.#field(text));
    const request: ReceivedRequest = {
      method: parts?.[1] ?? '',
      target: parts?.[2] ?? '',
      fields,
      body: '',
      framing: 'none',
      isComplete: false,
      connection: this.#connection,
    };
    this.#frame(request);
    this.#text = this.#text.slice(end + 4);
    this.#request = request;
    this.#events.onHead(request);
    if (request.framing === 'none') this.#complete(request);
    return true;
  }

  #field(text: string): [string, string] {
    const colon = text.indexOf(':');
    const name = text.slice(0, colon);
    const pattern = this.#options.allowsUnderscores === true ? NAME_OR_UNDERSCORE : NAME;
    check(colon > 0 && pattern.test(name), `field name ${JSON.stringify(name)}`);
    check(!FORBIDDEN.has(name.toLowerCase()), `${name} was forwarded`);
    return [name, text.slice(colon + 1).trim()];
  }

  #frame(request: ReceivedRequest): void {
    const lengths = valuesOf(request, 'content-length');
    const codings = valuesOf(request, 'transfer-encoding');
    const hosts = valuesOf(request, 'host');
    check(
      hosts.length === 1 && /^[A-Za-z0-9._:[\]~-]*$/.test(hosts[0] ?? ''),
      'not one sound Host',
    );
    check(lengths.length + codings.length <= 1, 'two framings');
    checkConnection(request);
    if (lengths.length === 1) {
      check(/^(?:0|[1-9][0-9]{0,15})$/.test(lengths[0] ?? ''), 'Content-Length');
      request.framing = 'length';
      this.#left = Number(lengths[0]);
    } else if (codings.length === 1) {
      check(codings[0] === 'chunked', 'Transfer-Encoding');
      request.framing = 'chunked';
      this.#left = 'size';
    }
  }

  #plain(request: ReceivedRequest): boolean {
    const taken = this.#text.slice(0, Number(this.#left));
    request.body += taken;
    this.#text = this.#text.slice(taken.length);
    this.#left = Number(this.#left) - taken.length;
    if (this.#left > 0) return false;
    this.#complete(request);
    return true;
  }

  #chunk(request: ReceivedRequest): boolean {
    if (this.#chunkLeft > 0) {
      const taken = this.#text.slice(0, this.#chunkLeft);
      request.body += taken;
      this.#text = this.#text.slice(taken.length);
      this.#chunkLeft -= taken.length;
      if (this.#chunkLeft > 0) return false;
      this.#left = 'data-end';
    }
    const end = this.#text.indexOf('\r\n');
    if (end === -1) return false;
    const line = this.#text.slice(0, end);
    if (this.#left === 'data-end') {
      check(line === '', 'bytes after chunk data');
      this.#left = 'size';
    } else if (line === '0') {
      // No trailer may come: the empty line follows at once.
      if (this.#text.length < end + 4) return false;
      check(this.#text.startsWith('0\r\n\r\n'), 'trailers');
      this.#text = this.#text.slice(5);
      this.#complete(request);
      return true;
    } else {
      check(/^[1-9a-fA-F][0-9a-fA-F]{0,12}$/.test(line), 'chunk size line');
      this.#chunkLeft = parseInt(line, 16);
    }
    this.#text = this.#text.slice(end + 2);
    return true;
  }

  #tunnel(): boolean {
    this.#text = '';
    return false;
  }

  #complete(request: ReceivedRequest): void {
    request.isComplete = true;
    this.#request = undefined;
    this.#left = valuesOf(request, 'upgrade').length > 0 ? 'tunnel' : 0;
    this.#events.onRequest(request);
    check(this.#left === 'tunnel' || this.#text === '', 'bytes after a request');
  }
}

function checkConnection(request: ReceivedRequest): void {
  const connection = valuesOf(request, 'connection').join(',').toLowerCase();
  const upgrade = valuesOf(request, 'upgrade');
  check(['', 'close', 'keep-alive', 'upgrade'].includes(connection), `Connection: ${connection}`);
  const isWebSocket = upgrade.length === 1 && upgrade[0]?.toLowerCase() === 'websocket';
  check((connection === 'upgrade') === upgrade.length > 0, 'Upgrade without Connection');
  check(upgrade.length === 0 || isWebSocket, `Upgrade: ${upgrade.join(', ')}`);
}

class Fault extends Error {}

function check(isRight: boolean, fault: string): void {
  if (!isRight) throw new Fault(fault);
}
