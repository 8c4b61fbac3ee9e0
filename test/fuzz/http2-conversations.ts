/** What a client and a server may rightly say over HTTP/2, in many ways: what the damage is done to. */
import { ByteWriter } from '../../src/dataplane/http2/byte-writer.ts';
import { Flag, FrameType, SettingId } from '../../src/dataplane/http2/frames.ts';
import { HpackEncoder } from '../../src/dataplane/http2/hpack/encoder.ts';
import type { FuzzFrame } from './http2-frame.ts';
import type { Random } from './random.ts';

export type FieldPair = readonly [name: string, value: string];
/** Changes the fields of a head on their way into a block; the encoder itself changes none. */
export type DamageFields = (fields: readonly FieldPair[]) => readonly FieldPair[];

const METHODS = ['GET', 'GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS'];
const PATHS = ['/', '/a', '/a/b?x=1', '/%41', '/clean', '/a//b/../c'];
const EXTRA_FIELDS: readonly FieldPair[] = [
  ['user-agent', 'fuzz'],
  ['accept', '*/*'],
  ['cookie', 'a=b'],
  ['cookie', 'c=d'],
  ['x-own', '1'],
  ['te', 'trailers'],
  ['host', 'app.test'],
  ['accept-encoding', 'gzip, deflate'],
  ['x-long', 'x'.repeat(2_000)],
  ['expect', '100-continue'],
  ['authorization', 'Basic YTpi'],
];

const STATUSES = ['200', '200', '204', '304', '404', '302', '500', '503'];
const ANSWER_FIELDS: readonly FieldPair[] = [
  ['content-type', 'application/grpc'],
  ['date', 'Wed, 07 Oct 2026 13:55:36 GMT'],
  ['set-cookie', 'a=b'],
  ['set-cookie', 'c=d'],
  ['location', '/elsewhere'],
  ['server', 'fuzz'],
  ['x-long', 'y'.repeat(2_000)],
];

/** The frames of one end of a connection; of a client's, after the preface. */
export class Conversation {
  readonly frames: FuzzFrame[] = [];
  readonly #random: Random;
  readonly #encoder = new HpackEncoder();
  readonly #damage: DamageFields;
  #nextStreamId = 1;

  constructor(random: Random, damage: DamageFields) {
    this.#random = random;
    this.#damage = damage;
    // Where no header block needs another, a lost frame costs one stream and not the connection.
    if (random.chance(60)) this.#encoder.setMaxTableBytes(0);
    this.#push(FrameType.Settings, Flag.None, 0, settings(random));
  }

  /** A request, and often something between requests. */
  request(): void {
    const random = this.#random;
    const streamId = this.#nextStreamId;
    this.#nextStreamId += 2;
    const body = random.chance(50) ? undefined : Buffer.alloc(random.below(300), 'b');
    const hasTrailers = body !== undefined && random.chance(25);
    this.#head(streamId, this.#fieldsOf(body), body === undefined);
    if (random.chance(30)) this.#other(streamId);
    if (body === undefined) return;
    this.#data(streamId, body, !hasTrailers);
    if (hasTrailers) this.#head(streamId, [['x-sum', '1']], true);
  }

  /** An answer, sometimes behind interim ones, and often something else. */
  answer(streamId: number): void {
    const random = this.#random;
    for (let interim = random.chance(15) ? 1 + random.below(2) : 0; interim > 0; interim--) {
      this.#head(streamId, [[':status', random.pick(['100', '103'])]], false);
    }
    const status = random.pick(STATUSES);
    const body = Buffer.alloc(random.chance(70) ? random.below(300) : 0, 'u');
    const fields: FieldPair[] = [[':status', status]];
    for (let count = random.below(4); count > 0; count--) fields.push(random.pick(ANSWER_FIELDS));
    if (random.chance(40)) fields.push(['content-length', String(body.length)]);
    const hasTrailers = random.chance(40);
    const hasData = body.length > 0 || random.chance(30);
    this.#head(streamId, fields, !hasTrailers && !hasData);
    if (random.chance(30)) this.#other(streamId);
    if (hasData) this.#data(streamId, body, !hasTrailers);
    if (hasTrailers)
      this.#head(
        streamId,
        [
          ['grpc-status', '0'],
          ['grpc-message', 'fine'],
        ],
        true,
      );
  }

  #fieldsOf(body: Buffer | undefined): FieldPair[] {
    const random = this.#random;
    const method = body === undefined ? random.pick(METHODS) : random.pick(['POST', 'PUT']);
    const fields: FieldPair[] = [
      [':method', method],
      [':scheme', 'http'],
      [':authority', 'app.test'],
      [':path', random.pick(PATHS)],
    ];
    for (let count = random.below(4); count > 0; count--) fields.push(random.pick(EXTRA_FIELDS));
    const length = body?.length;
    if (length !== undefined && random.chance(50)) fields.push(['content-length', String(length)]);
    return fields;
  }

  /** HEADERS, with padding and priority or without, and CONTINUATION. */
  #head(streamId: number, fields: readonly FieldPair[], isEnd: boolean): void {
    const random = this.#random;
    const out = new ByteWriter();
    for (const [name, value] of this.#damage(fields)) this.#encoder.field(out, name, value);
    const pieces = split(random, out.take());
    pieces.forEach((piece, index) => {
      const endHeaders = index === pieces.length - 1 ? Flag.EndHeaders : Flag.None;
      if (index > 0) {
        this.#push(FrameType.Continuation, endHeaders, streamId, piece);
        return;
      }
      const endStream = isEnd ? Flag.EndStream : Flag.None;
      const { flags, payload } = wrapHead(random, piece);
      this.#push(FrameType.Headers, flags | endHeaders | endStream, streamId, payload);
    });
  }

  #data(streamId: number, body: Buffer, isEnd: boolean): void {
    const pieces = split(this.#random, body);
    pieces.forEach((piece, index) => {
      const endStream = isEnd && index === pieces.length - 1 ? Flag.EndStream : Flag.None;
      const { flags, payload } = this.#random.chance(30)
        ? pad(piece, this.#random.below(20))
        : { flags: Flag.None, payload: piece };
      this.#push(FrameType.Data, flags | endStream, streamId, payload);
    });
  }

  /** A frame that is no part of a message. */
  #other(streamId: number): void {
    const random = this.#random;
    const frames: readonly (() => void)[] = [
      () => {
        this.#push(FrameType.Ping, Flag.None, 0, Buffer.from('01234567'));
      },
      () => {
        this.#push(FrameType.Settings, Flag.None, 0, settings(random));
      },
      () => {
        this.#push(FrameType.Settings, Flag.Ack, 0, Buffer.alloc(0));
      },
      () => {
        this.#push(FrameType.WindowUpdate, Flag.None, 0, number(1 + random.below(100_000)));
      },
      () => {
        this.#push(FrameType.WindowUpdate, Flag.None, streamId, number(1 + random.below(100_000)));
      },
      () => {
        this.#push(FrameType.Priority, Flag.None, streamId, Buffer.from('0000000010', 'hex'));
      },
      () => {
        this.#push(FrameType.RstStream, Flag.None, streamId, number(8));
      },
      () => {
        this.#push(FrameType.Goaway, Flag.None, 0, Buffer.alloc(8));
      },
      () => {
        this.#push(0xfa, random.below(256), streamId, Buffer.from('unknown'));
      },
    ];
    random.pick(frames)();
  }

  #push(type: number, flags: number, streamId: number, payload: Buffer): void {
    this.frames.push({ type, flags, streamId, payload });
  }
}

function split(random: Random, bytes: Buffer): Buffer[] {
  if (random.chance(60)) return [bytes];
  const at = random.below(bytes.length + 1);
  const rest = bytes.subarray(at);
  return random.chance(70)
    ? [bytes.subarray(0, at), rest]
    : [bytes.subarray(0, at), Buffer.alloc(0), rest];
}

function wrapHead(random: Random, block: Buffer): { flags: number; payload: Buffer } {
  const hasPriority = random.chance(20);
  const inner = hasPriority ? Buffer.concat([Buffer.from('0000000010', 'hex'), block]) : block;
  const priority = hasPriority ? Flag.Priority : Flag.None;
  if (random.chance(70)) return { flags: priority, payload: inner };
  const { flags, payload } = pad(inner, random.below(20));
  return { flags: flags | priority, payload };
}

function pad(bytes: Buffer, padding: number): { flags: number; payload: Buffer } {
  return {
    flags: Flag.Padded,
    payload: Buffer.concat([Buffer.from([padding]), bytes, Buffer.alloc(padding)]),
  };
}

function settings(random: Random): Buffer {
  const some: readonly (readonly [number, number])[] = [
    [SettingId.HeaderTableSize, random.pick([0, 100, 4096, 65_536])],
    [SettingId.InitialWindowSize, random.pick([0, 1, 10, 65_535, 1_000_000])],
    [SettingId.MaxFrameSize, random.pick([16_384, 20_000, 16_777_215])],
    [SettingId.EnablePush, 0],
    [SettingId.MaxHeaderListSize, random.pick([10, 100_000])],
    [0xff, 7],
  ];
  const chosen = some.filter(() => random.chance(25));
  return Buffer.concat(
    chosen.map(([id, value]) => {
      const entry = Buffer.alloc(6);
      entry.writeUInt16BE(id);
      entry.writeUInt32BE(value, 2);
      return entry;
    }),
  );
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
