/**
 * An HTTP/2 endpoint made of bare frames, so that it can do what no library lets one do:
 *
 *     const endpoint = await startRawEndpoint(t, async (peer) => {
 *       const { streamId } = await peer.next(FrameType.Headers);
 *       peer.head(streamId, [[':status', '200']], 'end');
 *     });
 *
 * It shares the frame constants with the data plane, and nothing else.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { Flag, FrameType } from '../../src/dataplane/http2/frames.ts';
import type { Endpoint } from '../../src/model/config.ts';

export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export type FieldPairs = readonly (readonly [name: string, value: string])[];

const PREFACE_BYTES = 24;
const HEADER_BYTES = 9;
const PATIENCE_MS = 5_000;

/** One connection of the proxy's. */
export class RawPeer {
  readonly socket: Socket;
  /** All frames so far, taken or not. */
  readonly frames: RawFrame[] = [];
  #bytes = Buffer.alloc(0);
  #hasPreface = false;
  #taken = 0;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#cut();
      this.#wake();
    });
    socket.on('close', () => {
      this.#wake();
    });
  }

  /** The next frame of this type that nobody took; those before it are passed over. */
  async next(type: number, streamId?: number): Promise<RawFrame> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    deadline.addEventListener('abort', () => {
      this.#wake();
    });
    for (;;) {
      while (this.#taken < this.frames.length) {
        const frame = this.frames[this.#taken++];
        if (frame?.type === type && (streamId ?? frame.streamId) === frame.streamId) return frame;
      }
      if (this.socket.destroyed) throw new Error(`connection ended before a frame of type ${type}`);
      if (deadline.aborted) throw new Error(`no frame of type ${type} came`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async closed(): Promise<void> {
    if (!this.socket.closed) {
      await once(this.socket, 'close', { signal: AbortSignal.timeout(PATIENCE_MS) });
    }
  }

  send(type: number, flags: number, streamId: number, payload: Buffer = Buffer.alloc(0)): void {
    this.socket.write(frameBytes(type, flags, streamId, payload));
  }

  settings(...values: readonly (readonly [id: number, value: number])[]): void {
    this.send(
      FrameType.Settings,
      Flag.None,
      0,
      Buffer.concat(values.map(([id, value]) => Buffer.concat([u16(id), u32(value)]))),
    );
  }

  head(streamId: number, fields: FieldPairs, end?: 'end'): void {
    const flags = Flag.EndHeaders | (end === undefined ? Flag.None : Flag.EndStream);
    this.send(FrameType.Headers, flags, streamId, headerBlock(fields));
  }

  data(streamId: number, text: string | Buffer, end?: 'end'): void {
    const flags = end === undefined ? Flag.None : Flag.EndStream;
    this.send(FrameType.Data, flags, streamId, Buffer.from(text));
  }

  reset(streamId: number, code: number): void {
    this.send(FrameType.RstStream, Flag.None, streamId, u32(code));
  }

  goaway(lastStreamId: number, code: number): void {
    this.send(FrameType.Goaway, Flag.None, 0, Buffer.concat([u32(lastStreamId), u32(code)]));
  }

  #cut(): void {
    if (!this.#hasPreface) {
      if (this.#bytes.length < PREFACE_BYTES) return;
      this.#hasPreface = true;
      this.#bytes = this.#bytes.subarray(PREFACE_BYTES);
    }
    while (this.#bytes.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + this.#bytes.readUIntBE(0, 3);
      if (this.#bytes.length < end) return;
      this.frames.push({
        type: this.#bytes.readUInt8(3),
        flags: this.#bytes.readUInt8(4),
        streamId: this.#bytes.readUInt32BE(5),
        payload: this.#bytes.subarray(HEADER_BYTES, end),
      });
      this.#bytes = this.#bytes.subarray(end);
    }
  }
}

export interface RawEndpoint {
  readonly endpoint: Endpoint;
  /** Connections so far. */
  readonly peers: readonly RawPeer[];
}

/** `onPeer` is called for each connection, after our SETTINGS were sent unless `greets` is false. */
export async function startRawEndpoint(
  t: TestContext,
  onPeer: (peer: RawPeer, index: number) => Promise<void> | void,
  { greets = true }: { readonly greets?: boolean } = {},
): Promise<RawEndpoint> {
  const peers: RawPeer[] = [];
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined);
    const peer = new RawPeer(socket);
    peers.push(peer);
    if (greets) peer.settings();
    Promise.resolve(onPeer(peer, peers.length - 1)).catch((error: unknown) => {
      // What the test waits for will not come: it must not wait for long.
      t.diagnostic(`endpoint: ${String(error)}`);
      socket.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const { socket } of peers) socket.destroy();
  });
  return {
    endpoint: { address: '127.0.0.1', port: (server.address() as AddressInfo).port },
    peers,
  };
}

export function frameBytes(
  type: number,
  flags: number,
  streamId: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

/** Literals without indexing and without Huffman code (RFC 7541 §6.2.2): names and values may be anything. */
export function headerBlock(fields: FieldPairs): Buffer {
  return Buffer.concat(
    fields.map(([name, value]) => Buffer.concat([Buffer.of(0), text(name), text(value)])),
  );
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([integer(bytes.length), bytes]);
}

/** With a prefix of seven bits (RFC 7541 §5.1). */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.of(value);
  const octets = [127];
  let rest = value - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest % 128) | 128);
  octets.push(rest);
  return Buffer.from(octets);
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
