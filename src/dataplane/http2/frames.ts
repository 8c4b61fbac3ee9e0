import type { ByteWriter } from './byte-writer.ts';

/** Length, type, flags, stream (RFC 9113 §4.1). */
export const FRAME_HEADER_BYTES = 9;
/** What both sides may send before SETTINGS say otherwise, and the least that may be asked for (RFC 9113 §6.5.2). */
export const DEFAULT_MAX_FRAME_BYTES = 16_384;
export const LARGEST_MAX_FRAME_BYTES = 16_777_215;
/** Flow-control window of a connection and of each stream until SETTINGS or WINDOW_UPDATE change it (RFC 9113 §6.9.2). */
export const DEFAULT_WINDOW_BYTES = 65_535;
export const LARGEST_WINDOW_BYTES = 2_147_483_647;
export const LARGEST_STREAM_ID = 2_147_483_647;
/** HPACK's dynamic table until SETTINGS say otherwise (RFC 9113 §6.5.2). */
export const DEFAULT_HEADER_TABLE_BYTES = 4096;
/** What a client sends first (RFC 9113 §3.4). */
export const CLIENT_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** RFC 9113 §6. */
export const FrameType = {
  Data: 0x0,
  Headers: 0x1,
  Priority: 0x2,
  RstStream: 0x3,
  Settings: 0x4,
  PushPromise: 0x5,
  Ping: 0x6,
  Goaway: 0x7,
  WindowUpdate: 0x8,
  Continuation: 0x9,
} as const;

/** RFC 9113 §6: what a bit means depends on the frame's type. */
export const Flag = {
  None: 0x0,
  /** DATA, HEADERS */
  EndStream: 0x1,
  /** SETTINGS, PING */
  Ack: 0x1,
  /** HEADERS, PUSH_PROMISE, CONTINUATION */
  EndHeaders: 0x4,
  /** DATA, HEADERS, PUSH_PROMISE */
  Padded: 0x8,
  /** HEADERS */
  Priority: 0x20,
} as const;

/** RFC 9113 §7. */
export const ErrorCode = {
  NoError: 0x0,
  ProtocolError: 0x1,
  InternalError: 0x2,
  FlowControlError: 0x3,
  SettingsTimeout: 0x4,
  StreamClosed: 0x5,
  FrameSizeError: 0x6,
  RefusedStream: 0x7,
  Cancel: 0x8,
  CompressionError: 0x9,
  ConnectError: 0xa,
  EnhanceYourCalm: 0xb,
  InadequateSecurity: 0xc,
  Http11Required: 0xd,
} as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

/** RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1. */
export const SettingId = {
  HeaderTableSize: 0x1,
  EnablePush: 0x2,
  MaxConcurrentStreams: 0x3,
  InitialWindowSize: 0x4,
  MaxFrameSize: 0x5,
  MaxHeaderListSize: 0x6,
  EnableConnectProtocol: 0x8,
  NoRfc7540Priorities: 0x9,
} as const;

/** @param length of the payload that follows. */
export function writeFrameHeader(
  out: ByteWriter,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  out.u24(length);
  out.u8(type);
  out.u8(flags);
  out.u32(streamId);
}

/** RFC 9113 §6.5. */
export function writeSettings(
  out: ByteWriter,
  settings: readonly (readonly [id: number, value: number])[],
): void {
  writeFrameHeader(out, settings.length * 6, FrameType.Settings, Flag.None, 0);
  for (const [id, value] of settings) {
    out.u16(id);
    out.u32(value);
  }
}

/** RFC 9113 §6.5.3. */
export function writeSettingsAck(out: ByteWriter): void {
  writeFrameHeader(out, 0, FrameType.Settings, Flag.Ack, 0);
}

/** RFC 9113 §6.4. */
export function writeRstStream(out: ByteWriter, streamId: number, code: ErrorCode): void {
  writeFrameHeader(out, 4, FrameType.RstStream, Flag.None, streamId);
  out.u32(code);
}

/** RFC 9113 §6.8. @param debug said to the peer, in ASCII. */
export function writeGoaway(
  out: ByteWriter,
  lastStreamId: number,
  code: ErrorCode,
  debug = '',
): void {
  writeFrameHeader(out, 8 + debug.length, FrameType.Goaway, Flag.None, 0);
  out.u32(lastStreamId);
  out.u32(code);
  out.latin1(debug);
}

/** RFC 9113 §6.7. @param flags `Flag.Ack` for an answer, which carries the eight octets of `payload` from `start` on back. */
export function writePing(out: ByteWriter, flags: number, payload: Buffer, start = 0): void {
  writeFrameHeader(out, 8, FrameType.Ping, flags, 0);
  out.bytes(payload, start, start + 8);
}

/** RFC 9113 §6.9. @param streamId 0: the connection's window. */
export function writeWindowUpdate(out: ByteWriter, streamId: number, increment: number): void {
  writeFrameHeader(out, 4, FrameType.WindowUpdate, Flag.None, streamId);
  out.u32(increment);
}
