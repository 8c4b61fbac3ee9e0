import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from './byte-writer.ts';
import { FrameReader, type FrameHandler } from './frame-reader.ts';
import {
  ErrorCode,
  Flag,
  FrameType,
  writeFrameHeader,
  writeGoaway,
  writePing,
  writeRstStream,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from './frames.ts';

const MAX_FRAME_BYTES = 16_384;

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  /** hex, without the padding of DATA */
  readonly payload: string;
  /** DATA only: with padding. */
  readonly frameBytes?: number;
}

/** What was heard, the pieces of a DATA frame put together. */
class Recorder implements FrameHandler {
  readonly heard: (Frame | { readonly code: ErrorCode })[] = [];
  #data: Buffer[] | undefined;

  onFrame(
    type: number,
    flags: number,
    streamId: number,
    payload: Buffer,
    start: number,
    end: number,
  ): void {
    this.heard.push({ type, flags, streamId, payload: payload.toString('hex', start, end) });
  }

  onData(
    streamId: number,
    flags: number,
    frameBytes: number,
    chunk: Buffer,
    start: number,
    end: number,
    isFirst: boolean,
    isLast: boolean,
  ): void {
    assert.equal(this.#data === undefined, isFirst);
    this.#data ??= [];
    assert.ok(start <= end && end <= chunk.length);
    this.#data.push(Buffer.from(chunk.subarray(start, end)));
    if (!isLast) return;
    const payload = Buffer.concat(this.#data).toString('hex');
    this.heard.push({ type: FrameType.Data, flags, streamId, payload, frameBytes });
    this.#data = undefined;
  }

  onFrameError(code: ErrorCode): void {
    this.heard.push({ code });
  }
}

/** Reads the chunks as a socket with one buffer for all gives them: each is overwritten once it was read. */
function read(
  bytes: Buffer,
  cuts: readonly number[] = [],
  maxFrameBytes = MAX_FRAME_BYTES,
): Recorder {
  const recorder = new Recorder();
  const reader = new FrameReader(recorder, maxFrameBytes);
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let from = 0;
  for (const to of ends) {
    const chunk = Buffer.from(bytes.subarray(from, to));
    reader.read(chunk);
    chunk.fill(0xee);
    from = to;
  }
  return recorder;
}

function frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const out = new ByteWriter();
  writeFrameHeader(out, payload.length, type, flags, streamId);
  out.bytes(payload, 0, payload.length);
  return out.take();
}

test('frame reader: frames as they are written', () => {
  const out = new ByteWriter();
  writeSettings(out, [
    [3, 100],
    [4, 65_536],
  ]);
  writeSettingsAck(out);
  writePing(out, Flag.Ack, Buffer.from('xx01234567'), 2);
  writeWindowUpdate(out, 5, 1_000);
  writeRstStream(out, 7, ErrorCode.Cancel);
  writeGoaway(out, 9, ErrorCode.EnhanceYourCalm, 'too many');
  assert.deepEqual(read(out.take()).heard, [
    { type: 4, flags: 0, streamId: 0, payload: '000300000064' + '000400010000' },
    { type: 4, flags: 1, streamId: 0, payload: '' },
    { type: 6, flags: 1, streamId: 0, payload: Buffer.from('01234567').toString('hex') },
    { type: 8, flags: 0, streamId: 5, payload: '000003e8' },
    { type: 3, flags: 0, streamId: 7, payload: '00000008' },
    { type: 7, flags: 0, streamId: 0, payload: '00000009' + '0000000b' + '746f6f206d616e79' },
  ]);
});

test('frame reader: the reserved bit of the stream is not looked at, unknown types are handed on', () => {
  const { heard } = read(Buffer.from('000001' + 'fa' + 'ff' + '80000003' + 'aa', 'hex'));
  assert.deepEqual(heard, [{ type: 0xfa, flags: 0xff, streamId: 3, payload: 'aa' }]);
});

for (const { name, hex, code } of [
  {
    name: 'DATA over the limit',
    hex: '004001' + '00' + '00' + '00000001',
    code: ErrorCode.FrameSizeError,
  },
  {
    name: 'an unknown frame over the limit',
    hex: 'ffffff' + 'fa' + '00' + '00000000',
    code: ErrorCode.FrameSizeError,
  },
  {
    name: 'padded DATA of nothing',
    hex: '000000' + '00' + '08' + '00000001',
    code: ErrorCode.FrameSizeError,
  },
  {
    name: 'padding as long as the frame',
    hex: '000003' + '00' + '08' + '00000001' + '03aaaa',
    code: ErrorCode.ProtocolError,
  },
]) {
  test(`frame reader: ${name} is an error, and nothing is read behind it`, () => {
    const bytes = Buffer.concat([
      Buffer.from(hex, 'hex'),
      frame(FrameType.Ping, 0, 0, Buffer.alloc(8)),
    ]);
    assert.deepEqual(read(bytes).heard, [{ code }]);
    assert.deepEqual(read(bytes, [...bytes.keys()]).heard, [{ code }]);
  });
}

test('frame reader: a frame as long as the limit is none', () => {
  const bytes = frame(FrameType.Headers, 0, 1, Buffer.alloc(MAX_FRAME_BYTES, 1));
  assert.equal(read(bytes).heard.length, 1);
});

test('frame reader: DATA that is padding alone', () => {
  const bytes = frame(FrameType.Data, Flag.Padded | Flag.EndStream, 1, Buffer.from([2, 0, 0]));
  const data = { type: 0, flags: 9, streamId: 1, payload: '', frameBytes: 3 };
  assert.deepEqual(read(bytes).heard, [data]);
  assert.deepEqual(read(bytes, [...bytes.keys()]).heard, [data]);
});

test('frame reader: DATA is not said to have ended before its padding came', () => {
  const pieces: [text: string, isFirst: boolean, isLast: boolean][] = [];
  const recorder = new Recorder();
  recorder.onData = (_, __, ___, chunk, start, end, isFirst, isLast) => {
    pieces.push([chunk.toString('latin1', start, end), isFirst, isLast]);
  };
  const reader = new FrameReader(recorder, MAX_FRAME_BYTES);
  const bytes = frame(FrameType.Data, Flag.Padded, 1, Buffer.from('\x02abc\0\0', 'latin1'));
  for (const [from, to] of [
    [0, 12],
    [12, 13],
    [13, 14],
    [14, 15],
  ]) {
    reader.read(bytes.subarray(from, to));
  }
  assert.deepEqual(pieces, [
    ['ab', true, false],
    ['c', false, false],
    ['', false, true],
  ]);
});

test('frame reader: DATA and whole frames are views of the chunk', () => {
  const recorder = new Recorder();
  const chunks: Buffer[] = [];
  recorder.onFrame = (_, __, ___, payload) => chunks.push(payload);
  recorder.onData = (_, __, ___, chunk) => chunks.push(chunk);
  const bytes = Buffer.concat([
    frame(FrameType.Headers, 0, 1, Buffer.alloc(10)),
    frame(FrameType.Data, 0, 1, Buffer.alloc(10)),
  ]);
  new FrameReader(recorder, MAX_FRAME_BYTES).read(bytes);
  assert.deepEqual(
    chunks.map((chunk) => chunk === bytes),
    [true, true],
  );
});

test('frame reader: says while a frame is not whole', () => {
  const reader = new FrameReader(new Recorder(), MAX_FRAME_BYTES);
  const bytes = frame(FrameType.Data, 0, 1, Buffer.alloc(2));
  const states = [...bytes.keys()].map((at) => {
    reader.read(bytes.subarray(at, at + 1));
    return reader.isMidFrame;
  });
  assert.deepEqual(states, [...new Array<boolean>(bytes.length - 1).fill(true), false]);
});

test('frame reader: a handler may stop it in the middle of a chunk', () => {
  const recorder = new Recorder();
  const reader = new FrameReader(recorder, MAX_FRAME_BYTES);
  let heard = 0;
  recorder.onFrame = () => {
    heard += 1;
    reader.stop();
  };
  const ping = frame(FrameType.Ping, 0, 0, Buffer.alloc(8));
  reader.read(Buffer.concat([ping, ping]));
  reader.read(ping);
  assert.equal(heard, 1);
});

const anyFrame = fc
  .record({
    type: fc.nat(12),
    flags: fc.nat(255).map((flags) => flags & ~Flag.Padded),
    streamId: fc.nat(0x7fff_ffff),
    payload: fc.uint8Array({ maxLength: 60 }).map((octets) => Buffer.from(octets)),
    padding: fc.option(fc.nat(20), { nil: undefined }),
  })
  .map(({ type, flags, streamId, payload, padding }) => {
    const isPadded = type === FrameType.Data && padding !== undefined;
    const whole = isPadded
      ? Buffer.concat([Buffer.from([padding]), payload, Buffer.alloc(padding)])
      : payload;
    const allFlags = isPadded ? flags | Flag.Padded : flags;
    const said: Frame = { type, flags: allFlags, streamId, payload: payload.toString('hex') };
    return {
      bytes: frame(type, allFlags, streamId, whole),
      said: type === FrameType.Data ? { ...said, frameBytes: whole.length } : said,
    };
  });

test('frame reader: frames come out as they went in, however they are cut', () => {
  const frames = fc.array(anyFrame, { maxLength: 8 });
  fc.assert(
    fc.property(frames, fc.array(fc.nat(1_000), { maxLength: 20 }), (frames, cuts) => {
      const bytes = Buffer.concat(frames.map(({ bytes }) => bytes));
      const said = frames.map(({ said }) => said);
      assert.deepEqual(read(bytes, cuts).heard, said);
    }),
    { numRuns: 10_000 },
  );
});

test('frame reader: any octets, however cut, say the same, and nothing after an error', () => {
  const octets = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.array(fc.constantFrom(0, 0, 0, 1, 2, 8, 9), { maxLength: 80 }),
  );
  fc.assert(
    fc.property(octets, fc.array(fc.nat(80), { maxLength: 10 }), (octets, cuts) => {
      const bytes = Buffer.from(octets);
      const whole = read(bytes, [], 40).heard;
      assert.deepEqual(read(bytes, cuts, 40).heard, whole);
      const errors = whole.filter((heard) => 'code' in heard);
      assert.ok(errors.length === 0 || (errors.length === 1 && whole.at(-1) === errors[0]));
    }),
    { numRuns: 10_000 },
  );
});
