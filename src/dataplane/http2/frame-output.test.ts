import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Flag, FrameType, writeWindowUpdate } from './frames.ts';
import { FrameOutput } from './frame-output.ts';

interface Heard {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: string;
}

interface Bench {
  readonly output: FrameOutput;
  /** All frames that were sent, once there are so many bytes of them. */
  readonly heard: (bytes: number) => Promise<readonly Heard[]>;
}

async function start(t: TestContext): Promise<Bench> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(near, 'connect');
  const [far] = await accepted;
  t.after(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  let received = Buffer.alloc(0);
  far.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
  });
  const home = { stallMs: 1_000, onRoom: () => undefined, onDefect: assert.ifError };
  return {
    output: new FrameOutput(near, home),
    async heard(bytes) {
      while (received.length < bytes) await once(far, 'data');
      return framesOf(received);
    },
  };
}

function framesOf(bytes: Buffer): Heard[] {
  const frames: Heard[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    frames.push({
      type: bytes.readUInt8(at + 3),
      flags: bytes.readUInt8(at + 4),
      streamId: bytes.readUInt32BE(at + 5),
      payload: bytes.toString('latin1', at + 9, end),
    });
    at = end;
  }
  return frames;
}

function data(streamId: number, payload: string, flags: number = Flag.None): Heard {
  return { type: FrameType.Data, flags, streamId, payload };
}

test('the end of a stream is a flag of its last DATA, where nothing came after that', async (t) => {
  const { output, heard } = await start(t);
  output.data(1, Buffer.from('last'), 0, 4);
  output.endStream(1);
  assert.deepEqual(await heard(13), [data(1, 'last', Flag.EndStream)]);
});

test('the end of a stream is no flag of another frame that lies where its last DATA lay', async (t) => {
  const { output, heard } = await start(t);
  output.data(1, Buffer.from('last'), 0, 4);
  output.flush();
  // As long as the frame that has left.
  writeWindowUpdate(output.frames, 0, 1);
  output.endStream(1);
  const update = { type: FrameType.WindowUpdate, flags: 0, streamId: 0, payload: '\0\0\0\x01' };
  const frames = await heard(35);
  assert.deepEqual(frames, [data(1, 'last'), update, data(1, '', Flag.EndStream)]);
});

test('what comes for one stream in one turn is one frame', async (t) => {
  const { output, heard } = await start(t);
  const text = Buffer.from('abcdef');
  output.data(1, text, 0, 1);
  output.data(1, text, 1, 3);
  output.data(3, text, 3, 4);
  output.data(1, text, 4, 5);
  output.data(1, text, 5, 6);
  output.endStream(1);
  const frames = await heard(33);
  assert.deepEqual(frames, [data(1, 'abc'), data(3, 'd'), data(1, 'ef', Flag.EndStream)]);
});

test('no frame grows beyond what any peer takes, nor after another frame, nor after it has left', async (t) => {
  const { output, heard } = await start(t);
  const text = Buffer.alloc(16_384, 'x');
  output.data(1, text, 0, 16_383);
  output.data(1, text, 0, 1);
  output.data(1, text, 0, 1);
  writeWindowUpdate(output.frames, 0, 1);
  output.data(1, text, 0, 2);
  output.flush();
  output.data(1, text, 0, 3);
  const frames = await heard(16_384 + 1 + 2 + 3 + 4 * 9 + 13);
  assert.deepEqual(
    frames.map(({ type, payload }) => [type, payload.length]),
    [
      [FrameType.Data, 16_384],
      [FrameType.Data, 1],
      [FrameType.WindowUpdate, 4],
      [FrameType.Data, 2],
      [FrameType.Data, 3],
    ],
  );
});
