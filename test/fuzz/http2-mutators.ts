/** Damage to HTTP/2, a client's or a server's: of fields, header blocks, frames and their order, and of bytes. */
import { CLIENT_PREFACE, FrameType } from '../../src/dataplane/http2/frames.ts';
import { Conversation, type DamageFields, type FieldPair } from './http2-conversations.ts';
import { encodeFrames, type FuzzFrame } from './http2-frame.ts';
import type { Random } from './random.ts';

type FrameMutator = (frames: readonly FuzzFrame[], at: number, random: Random) => FuzzFrame[];

const MOST_BYTES = 100_000;
/** Of one in so many conversations: as much DATA in crumbs as a window of 65,535 bytes lets. */
const LONG_ONE_IN = 400;
const MOST_LONG_BYTES = 750_000;

/** Fields that no request may have, or not there, or not twice. */
const BAD_FIELDS: readonly FieldPair[] = [
  [':method', 'GET'],
  [':path', '/other'],
  [':path', ''],
  [':path', '/a b'],
  [':path', '/\r\nx: y'],
  [':authority', 'evil.test'],
  [':status', '200'],
  [':protocol', 'websocket'],
  [':unknown', 'x'],
  ['host', 'evil.test'],
  ['X-Upper', 'a'],
  ['', 'nameless'],
  ['x a', 'space'],
  ['x:a', 'colon'],
  ['x-crlf', 'a\r\ntransfer-encoding: chunked'],
  ['x-nul', 'a\0b'],
  ['x-lf', '\n'],
  ['x-space', ' a '],
  ['connection', 'close'],
  ['connection', 'content-length'],
  ['transfer-encoding', 'chunked'],
  ['upgrade', 'websocket'],
  ['keep-alive', '1'],
  ['te', 'gzip'],
  ['content-length', '5'],
  ['content-length', '+5'],
  ['content-length', '99999999999999999999'],
  ['x-real-ip', '1.2.3.4'],
  ['cookie', ''],
  ['__proto__', 'x'],
];
/** The same of answers. */
const BAD_ANSWER_FIELDS: readonly FieldPair[] = [
  [':status', '101'],
  [':status', '099'],
  [':status', '1000'],
  [':status', '2x0'],
  [':status', ''],
  [':path', '/'],
  ['content-length', '7'],
  ['grpc-status', 'x'],
  ['x-accel-redirect', '/secret'],
  ['trailer', 'content-length'],
  ...BAD_FIELDS,
];
/** Pieces of header blocks (RFC 7541), sound and not. */
const BLOCK_PIECES = [
  '80',
  'be',
  'ff00',
  'ffffffff7f',
  '40',
  '400161',
  '4001617f',
  '4001617fffffff7f',
  '40016181ff',
  '40016184ffffffff',
  '20',
  '3fe11f',
  '3fffffff7f',
  '0f',
  '82',
  '7f80808080808000',
].map((hex) => Buffer.from(hex, 'hex'));
const LENGTHS = [0, 1, 4, 5, 6, 8, 9, 16_384, 16_385, 65_536, 0xff_ffff];
const STREAM_IDS = [0, 1, 2, 3, 4, 5, 7, 99, 0x7fff_ffff, 0x8000_0001, 0xffff_ffff];
/** Streams that a conversation may have opened. */
const BODY_IDS = [1, 3, 5];
const NUMBERS = [0, 1, 2, 8, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

const frameMutators: readonly FrameMutator[] = [
  (frames, at) => frames.toSpliced(at, 1),
  (frames, at) => frames.toSpliced(at, 0, ...frames.slice(at, at + 1)),
  (frames, at, random) => {
    const count = random.pick([5, 50, 500]);
    const [frame] = frames.slice(at, at + 1);
    return frame === undefined
      ? [...frames]
      : frames.toSpliced(at, 0, ...new Array<FuzzFrame>(count).fill(frame));
  },
  (frames, at, random) => swap(frames, at, random.below(frames.length)),
  (frames, at, random) =>
    change(frames, at, { type: random.chance(80) ? random.below(11) : random.below(256) }),
  (frames, at, random) => change(frames, at, { flags: random.below(256) }),
  (frames, at, random) => {
    const flags = (frames[at]?.flags ?? 0) ^ random.pick([1, 4, 8, 32]);
    return change(frames, at, { flags });
  },
  (frames, at, random) => change(frames, at, { streamId: random.pick(STREAM_IDS) }),
  (frames, at, random) => change(frames, at, { claimed: random.pick(LENGTHS) }),
  (frames, at, random) => {
    const claimed = (frames[at]?.payload.length ?? 0) + random.below(5) - 2;
    return change(frames, at, { claimed: Math.max(claimed, 0) });
  },
  (frames, at, random) => {
    const payload = frames[at]?.payload ?? Buffer.alloc(0);
    return change(frames, at, { payload: payload.subarray(0, random.below(payload.length + 1)) });
  },
  (frames, at, random) => {
    const payload = Buffer.from(frames[at]?.payload ?? []);
    if (payload.length > 0) payload[random.below(payload.length)] = random.below(256);
    return change(frames, at, { payload });
  },
  (frames, at, random) => {
    const payload = Buffer.from(frames[at]?.payload ?? []);
    if (payload.length >= 4) payload.writeUInt32BE(random.pick(NUMBERS), payload.length - 4);
    return change(frames, at, { payload });
  },
  (frames, at, random) => change(frames, at, { payload: insertPiece(frames[at]?.payload, random) }),
  (frames, at, random) =>
    change(frames, at, {
      payload: Buffer.alloc(random.pick(LENGTHS.slice(0, 9)), random.below(256)),
    }),
  // A body in crumbs, as far as a window of 65,535 bytes and `MOST_BYTES` let.
  (frames, at, random) =>
    frames.toSpliced(
      at,
      0,
      ...repeated(FrameType.Data, random.pick(BODY_IDS), 'x', 1_000 + random.below(8_000)),
    ),
  // A reader that says so of each few bytes.
  (frames, at, random) => {
    const increment = random.pick(['\0\0\0\x01', '\0\0\x03\xe8', '\0\0\x10\0']);
    const count = random.pick([100, 1_500, 3_000]);
    const ofStream = repeated(FrameType.WindowUpdate, random.pick(BODY_IDS), increment, count);
    return frames.toSpliced(
      at,
      0,
      ...ofStream,
      ...repeated(FrameType.WindowUpdate, 0, increment, count),
    );
  },
];

const byteMutators: readonly ((bytes: Buffer, random: Random) => Buffer)[] = [
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, random) => {
    const at = random.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(4))]);
  },
  (bytes, random) => {
    const at = random.below(bytes.length);
    return Buffer.concat([
      bytes.subarray(0, at),
      Buffer.from([random.below(256)]),
      bytes.subarray(at),
    ]);
  },
  (bytes, random) => {
    const flipped = Buffer.from(bytes);
    const at = random.below(bytes.length);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << random.below(8));
    return flipped;
  },
  (bytes, random) => {
    const at = random.below(bytes.length);
    return Buffer.concat([bytes, bytes.subarray(at, at + 1 + random.below(500))]);
  },
  (bytes) => Buffer.concat([bytes, Buffer.from('GET / HTTP/1.1\r\nHost: app.test\r\n\r\n')]),
];

/** All that a client says on a connection: one to four requests, damaged up to five times; sometimes not at all. */
export function mutateHttp2(random: Random): Buffer {
  const conversation = new Conversation(random, damageWith(random, BAD_FIELDS));
  for (let requests = 1 + random.below(4); requests > 0; requests--) conversation.request();
  return damage(random, Buffer.from(CLIENT_PREFACE, 'latin1'), conversation.frames);
}

/** All that a server says on a connection to its first requests, whatever these are; damaged likewise. */
export function mutateHttp2Answers(random: Random): Buffer {
  const conversation = new Conversation(random, damageWith(random, BAD_ANSWER_FIELDS));
  conversation.answer(1);
  if (random.chance(30)) conversation.answer(3);
  return damage(random, Buffer.alloc(0), conversation.frames);
}

/** Frames first, and then, more seldom, bytes. */
function damage(random: Random, preface: Buffer, sound: readonly FuzzFrame[]): Buffer {
  let frames = sound;
  const isLong = random.below(LONG_ONE_IN) === 0;
  if (isLong) {
    const count = 20_000 + random.below(45_000);
    const crumbs = repeated(FrameType.Data, random.pick(BODY_IDS), 'x', count);
    frames = frames.toSpliced(random.below(frames.length + 1), 0, ...crumbs);
  }
  for (let rounds = random.below(4); rounds > 0 && frames.length > 0; rounds--) {
    frames = random.pick(frameMutators)(frames, random.below(frames.length), random);
  }
  let bytes: Buffer = Buffer.concat([preface, encodeFrames(frames)]);
  for (let rounds = random.chance(25) ? 1 + random.below(2) : 0; rounds > 0; rounds--) {
    if (bytes.length > 0) bytes = damageBytes(bytes, preface.length, random);
  }
  return bytes.subarray(0, isLong ? MOST_LONG_BYTES : MOST_BYTES);
}

function damageWith(random: Random, bad: readonly FieldPair[]): DamageFields {
  return (fields) => (random.chance(25) ? damageFields(fields, random.pick(bad), random) : fields);
}

/** Mostly behind the preface, without which there is no HTTP/2 to damage. */
function damageBytes(bytes: Buffer, prefaceBytes: number, random: Random): Buffer {
  const kept = random.chance(90) ? Math.min(prefaceBytes, bytes.length - 1) : 0;
  const damaged = random.pick(byteMutators)(bytes.subarray(kept), random);
  return Buffer.concat([bytes.subarray(0, kept), damaged]);
}

function damageFields(
  fields: readonly FieldPair[],
  bad: FieldPair,
  random: Random,
): readonly FieldPair[] {
  const at = random.below(fields.length);
  switch (random.below(4)) {
    case 0:
      return fields.toSpliced(at, 1);
    case 1:
      return fields.toSpliced(at, 1, bad);
    case 2:
      return [...fields, bad];
    default:
      return fields.toSpliced(at, 0, bad);
  }
}

function insertPiece(payload: Buffer | undefined, random: Random): Buffer {
  const bytes = payload ?? Buffer.alloc(0);
  const at = random.chance(50) ? bytes.length : random.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), random.pick(BLOCK_PIECES), bytes.subarray(at)]);
}

function repeated(type: number, streamId: number, payload: string, count: number): FuzzFrame[] {
  const frame = { type, flags: 0, streamId, payload: Buffer.from(payload, 'latin1') };
  return new Array<FuzzFrame>(count).fill(frame);
}

function change(frames: readonly FuzzFrame[], at: number, what: Partial<FuzzFrame>): FuzzFrame[] {
  return frames.map((frame, index) => (index === at ? { ...frame, ...what } : frame));
}

function swap(frames: readonly FuzzFrame[], one: number, other: number): FuzzFrame[] {
  const [first, second] = [frames[one], frames[other]];
  if (first === undefined || second === undefined) return [...frames];
  return frames.with(one, second).with(other, first);
}
