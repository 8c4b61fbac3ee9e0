/**
 * A client that sends the frames it is told, right or wrong, and takes answers apart as far as a test needs. Header blocks
 * are literals without index and without Huffman code, so that any byte can be in them.
 *
 *     const client = await connectHttp2(t, proxy.httpPort);
 *     client.request(1, get('/'));
 *     const answer = await client.answer(1);          // or { reset } where the stream was cut
 *     const end = await client.ended();                // code of GOAWAY, and that the connection is closed
 */
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { FrameReader } from '../../src/dataplane/http2/frame-reader.ts';
import { CLIENT_PREFACE, ErrorCode, Flag, FrameType } from '../../src/dataplane/http2/frames.ts';
import { HpackDecoder } from '../../src/dataplane/http2/hpack/decoder.ts';
import { frameBytes } from './raw-endpoint.ts';

export type Fields = readonly (readonly [name: string, value: string])[];

export interface Http2Answer {
  readonly status: number;
  /** Of the final head, pseudo fields apart. */
  readonly fields: Fields;
  readonly body: string;
  readonly trailers: Fields;
  /** Statuses of interim heads. */
  readonly interim: readonly number[];
  readonly isWhole: boolean;
  /** Code of RST_STREAM, if one came. */
  readonly reset: number | undefined;
}

/** A GET for app.test, with these fields beside the pseudo fields. */
export function get(path: string, ...fields: Fields): Fields {
  return request('GET', path, ...fields);
}

export function request(method: string, path: string, ...fields: Fields): Fields {
  return [
    [':method', method],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'app.test'],
    ...fields,
  ];
}

export function frame(type: number, flags: number, streamId: number, payload = ''): Buffer {
  return frameBytes(type, flags, streamId, Buffer.from(payload, 'latin1'));
}

export function u32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes.toString('latin1');
}

export function settings(...pairs: readonly (readonly [number, number])[]): Buffer {
  const payload = pairs.map(([id, value]) => String.fromCharCode(id >> 8, id & 255) + u32(value));
  return frame(FrameType.Settings, 0, 0, payload.join(''));
}

export function windowUpdate(streamId: number, increment: number): Buffer {
  return frame(FrameType.WindowUpdate, 0, streamId, u32(increment));
}

export function data(streamId: number, payload: string, endStream = false): Buffer {
  return frame(FrameType.Data, endStream ? Flag.EndStream : 0, streamId, payload);
}

export function resetStream(streamId: number, code: number = ErrorCode.Cancel): Buffer {
  return frame(FrameType.RstStream, 0, streamId, u32(code));
}

/** HEADERS in one frame. */
export function headers(streamId: number, fields: Fields, endStream = true): Buffer {
  const flags = Flag.EndHeaders | (endStream ? Flag.EndStream : 0);
  return frame(FrameType.Headers, flags, streamId, headerBlock(fields));
}

/** Literals never indexed. */
export function headerBlock(fields: Fields): string {
  return fields.map(([name, value]) => `\x10${text(name)}${text(value)}`).join('');
}

function text(value: string): string {
  if (value.length < 127) return String.fromCharCode(value.length) + value;
  const octets = [127];
  let rest = value.length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest % 128) + 128);
  octets.push(rest);
  return String.fromCharCode(...octets) + value;
}

interface StreamRecord {
  status: number;
  fields: Fields;
  body: string;
  trailers: Fields;
  interim: number[];
  isWhole: boolean;
  reset: number | undefined;
}

export class FrameClient {
  readonly socket: Socket;
  /** Codes of the GOAWAY frames that came, with their last stream. */
  readonly goaways: { code: number; lastStreamId: number }[] = [];
  readonly settings = new Map<number, number>();
  /** Frames that came, by type. */
  readonly counts = new Map<number, number>();
  /** Sizes of the chunks that were read. */
  chunks = 0;
  /** Acknowledge what the proxy asks; off for peers that are rude. */
  answersPings = true;
  isClosed = false;
  readonly #streams = new Map<number, StreamRecord>();
  readonly #windows = new Map<number, number>();
  readonly #decoder = new HpackDecoder(4096);

  constructor(socket: Socket) {
    this.socket = socket;
    const reader = new FrameReader(this, 16_384);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
    });
    socket.on('data', (chunk: Buffer) => {
      this.chunks += 1;
      reader.read(chunk);
    });
  }

  send(...frames: readonly Buffer[]): void {
    if (this.socket.writable) this.socket.write(Buffer.concat(frames));
  }

  /** HEADERS, and END_STREAM unless a body follows. */
  request(streamId: number, fields: Fields, endStream = true): void {
    this.send(headers(streamId, fields, endStream));
  }

  /** What came on a stream so far. */
  stream(streamId: number): Http2Answer {
    return this.#stream(streamId);
  }

  /** How much more the proxy lets this stream send (0: the connection), beyond what it did at first. */
  granted(streamId: number): number {
    return this.#windows.get(streamId) ?? 0;
  }

  /** The whole answer, or what came of it before the stream or the connection was cut. */
  async answer(streamId: number): Promise<Http2Answer> {
    const stream = this.#stream(streamId);
    await this.until(() => stream.isWhole || stream.reset !== undefined || this.isClosed);
    return stream;
  }

  async ended(): Promise<{ readonly code: number | undefined; readonly limit?: string }> {
    this.socket.on('end', () => this.socket.end());
    await this.until(() => this.isClosed || this.socket.readableEnded);
    this.socket.end();
    return { code: this.goaways.at(-1)?.code };
  }

  /** Waits, 5 s at most, for a condition that something received makes true. */
  async until(isTrue: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(5_000);
    while (!isTrue()) {
      const stop = new AbortController();
      const either = AbortSignal.any([stop.signal, signal]);
      try {
        await Promise.race(
          ['data', 'end', 'close'].map((event) => once(this.socket, event, { signal: either })),
        );
      } catch (error) {
        if (signal.aborted) throw new Error('nothing came for 5 s', { cause: error });
      } finally {
        stop.abort();
      }
    }
  }

  onFrame(
    type: number,
    flags: number,
    streamId: number,
    payload: Buffer,
    start: number,
    end: number,
  ): void {
    this.#count(type);
    if (type === FrameType.Headers) {
      this.#onHeaders(flags, streamId, payload.subarray(start, end));
    } else if (type === FrameType.RstStream) {
      this.#stream(streamId).reset = payload.readUInt32BE(start);
    } else if (type === FrameType.Goaway) {
      const lastStreamId = payload.readUInt32BE(start);
      this.goaways.push({ code: payload.readUInt32BE(start + 4), lastStreamId });
    } else if (type === FrameType.WindowUpdate) {
      this.#windows.set(streamId, this.granted(streamId) + payload.readUInt32BE(start));
    } else if (type === FrameType.Settings && (flags & Flag.Ack) === 0) {
      for (let at = start; at < end; at += 6) {
        this.settings.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
      }
    } else if (type === FrameType.Ping && (flags & Flag.Ack) === 0 && this.answersPings) {
      this.send(frame(FrameType.Ping, Flag.Ack, 0, payload.toString('latin1', start, end)));
    }
  }

  onData(
    streamId: number,
    flags: number,
    _frameBytes: number,
    chunk: Buffer,
    start: number,
    end: number,
    _isFirst: boolean,
    isLast: boolean,
  ): void {
    const stream = this.#stream(streamId);
    stream.body += chunk.toString('latin1', start, end);
    if (!isLast) return;
    this.#count(FrameType.Data);
    if ((flags & Flag.EndStream) !== 0) stream.isWhole = true;
  }

  onFrameError(code: number, reason: string): void {
    throw new Error(`the proxy sent a bad frame (${code}): ${reason}`);
  }

  #count(type: number): void {
    this.counts.set(type, (this.counts.get(type) ?? 0) + 1);
  }

  #stream(streamId: number): StreamRecord {
    let stream = this.#streams.get(streamId);
    if (stream === undefined) {
      stream = {
        status: 0,
        fields: [],
        body: '',
        trailers: [],
        interim: [],
        isWhole: false,
        reset: undefined,
      };
      this.#streams.set(streamId, stream);
    }
    return stream;
  }

  #onHeaders(flags: number, streamId: number, block: Buffer): void {
    const fields: (readonly [string, string])[] = [];
    const outcome = this.#decoder.decode(block, 0, block.length, 1_000_000, (name, value) => {
      fields.push([name, value]);
    });
    if (outcome !== 'ok') throw new Error(`the proxy sent a bad header block: ${outcome}`);
    const stream = this.#stream(streamId);
    const status = fields[0]?.[0] === ':status' ? Number(fields[0][1]) : undefined;
    if (status === undefined) {
      stream.trailers = fields;
    } else if (status < 200) {
      stream.interim.push(status);
    } else {
      stream.status = status;
      stream.fields = fields.slice(1);
    }
    if ((flags & Flag.EndStream) !== 0) stream.isWhole = true;
  }
}

export interface ClientOptions {
  readonly tls?: boolean;
  /** Sent in the first SETTINGS. */
  readonly settings?: readonly (readonly [number, number])[];
}

/** Preface and SETTINGS are sent, the proxy's have come. */
export async function connectHttp2(
  t: TestContext,
  port: number,
  options: ClientOptions = {},
): Promise<FrameClient> {
  const client = await openSocket(t, port, options.tls === true);
  client.send(Buffer.from(CLIENT_PREFACE, 'latin1'), settings(...(options.settings ?? [])));
  await client.until(() => client.settings.size > 0);
  client.send(frame(FrameType.Settings, Flag.Ack, 0));
  return client;
}

/** A connection on which nothing was sent. */
export async function openSocket(t: TestContext, port: number, tls = false): Promise<FrameClient> {
  const socket = tls
    ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] })
    : connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  t.after(() => {
    socket.destroy();
  });
  await once(socket, tls ? 'secureConnect' : 'connect');
  return new FrameClient(socket);
}

export function valueOf(fields: Fields, name: string): string | undefined {
  return fields.find(([own]) => own === name)?.[1];
}
