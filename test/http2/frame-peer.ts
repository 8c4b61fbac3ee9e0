import { connect, type Socket } from 'node:net';
import { ByteWriter } from '../../src/dataplane/http2/byte-writer.ts';
import { FrameReader, type FrameHandler } from '../../src/dataplane/http2/frame-reader.ts';
import {
  CLIENT_PREFACE,
  DEFAULT_MAX_FRAME_BYTES,
  Flag,
  FRAME_HEADER_BYTES,
  FrameType,
  SettingId,
  writeFrameHeader,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from '../../src/dataplane/http2/frames.ts';
import { HpackDecoder } from '../../src/dataplane/http2/hpack/decoder.ts';
import { HpackEncoder } from '../../src/dataplane/http2/hpack/encoder.ts';

export type FieldLines = readonly (readonly [name: string, value: string])[];

/** A frame as it was heard; of DATA without padding, all pieces together. */
export interface HeardFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
  /** Of HEADERS. */
  readonly fields?: FieldLines;
}

const AMPLE = 1_000_000;

/**
 * One end of a connection that speaks our frames and our HPACK, and nothing of what a session would do by itself but to
 * acknowledge SETTINGS and to grant windows. What stands at the other end is somebody else's HTTP/2.
 */
export class FramePeer implements FrameHandler {
  readonly socket: Socket;
  readonly encoder = new HpackEncoder();
  readonly heard: HeardFrame[] = [];
  onHeard: (frame: HeardFrame) => void = () => undefined;
  readonly #decoder: HpackDecoder;
  readonly #out = new ByteWriter();
  readonly #reader = new FrameReader(this, DEFAULT_MAX_FRAME_BYTES);
  #data: Buffer[] = [];
  #prefaceBytes: number;

  /** @param tableBytes of the table that the other side may use for its header blocks. */
  constructor(socket: Socket, role: 'client' | 'server', tableBytes = 4096) {
    this.socket = socket;
    this.#decoder = new HpackDecoder(tableBytes);
    this.#prefaceBytes = role === 'server' ? CLIENT_PREFACE.length : 0;
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      const preface = Math.min(this.#prefaceBytes, chunk.length);
      this.#prefaceBytes -= preface;
      this.#reader.read(chunk.subarray(preface));
      this.flush();
    });
    if (role === 'client') this.#out.latin1(CLIENT_PREFACE);
    writeSettings(this.#out, [
      [SettingId.HeaderTableSize, tableBytes],
      [SettingId.InitialWindowSize, AMPLE],
    ]);
    writeWindowUpdate(this.#out, 0, AMPLE);
    this.flush();
  }

  /** What is written here leaves with the next `flush`. */
  get out(): ByteWriter {
    return this.#out;
  }

  flush(): void {
    if (this.#out.length > 0 && this.socket.writable) this.socket.write(this.#out.take());
  }

  /** HEADERS, and END_STREAM where told. */
  headers(streamId: number, fields: FieldLines, flags: number): void {
    const at = this.#out.length;
    writeFrameHeader(this.#out, 0, FrameType.Headers, flags | Flag.EndHeaders, streamId);
    for (const [name, value] of fields) this.encoder.field(this.#out, name, value);
    this.#out.patchU24(at, this.#out.length - at - FRAME_HEADER_BYTES);
  }

  onFrame(
    type: number,
    flags: number,
    streamId: number,
    payload: Buffer,
    start: number,
    end: number,
  ): void {
    const own = Buffer.from(payload.subarray(start, end));
    if (type === FrameType.Settings && (flags & Flag.Ack) === 0) this.#takeSettings(own);
    const frame = { type, flags, streamId, payload: own };
    this.#hear(type === FrameType.Headers ? { ...frame, fields: this.#decode(own, flags) } : frame);
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
    if (isFirst && frameBytes > 0) writeWindowUpdate(this.#out, 0, frameBytes);
    this.#data.push(Buffer.from(chunk.subarray(start, end)));
    if (!isLast) return;
    this.#hear({ type: FrameType.Data, flags, streamId, payload: Buffer.concat(this.#data) });
    this.#data = [];
  }

  onFrameError(code: number, reason: string): void {
    throw new Error(`the other side wrote a bad frame (${code}): ${reason}`);
  }

  #hear(frame: HeardFrame): void {
    this.heard.push(frame);
    this.onHeard(frame);
  }

  #takeSettings(payload: Buffer): void {
    for (let at = 0; at < payload.length; at += 6) {
      const isTableSize = payload.readUInt16BE(at) === SettingId.HeaderTableSize;
      if (isTableSize) this.encoder.setMaxTableBytes(payload.readUInt32BE(at + 2));
    }
    writeSettingsAck(this.#out);
  }

  /** The tests' blocks lie in one frame each. */
  #decode(payload: Buffer, flags: number): FieldLines {
    const isPadded = (flags & Flag.Padded) !== 0;
    const padding = isPadded ? (payload[0] ?? 0) : 0;
    const start = (isPadded ? 1 : 0) + ((flags & Flag.Priority) === 0 ? 0 : 5);
    const fields: [string, string][] = [];
    const result = this.#decoder.decode(
      payload,
      start,
      payload.length - padding,
      AMPLE,
      (name, value) => {
        fields.push([name, value]);
      },
    );
    if (result !== 'ok' || (flags & Flag.EndHeaders) === 0) throw new Error(`headers: ${result}`);
    return fields;
  }
}

/** A client of ours at somebody's server. */
export function connectFramePeer(port: number, tableBytes?: number): FramePeer {
  return new FramePeer(connect({ port, host: '127.0.0.1' }), 'client', tableBytes);
}
