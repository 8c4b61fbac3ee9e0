/** Frames of HTTP/2 as they lie in the bytes (RFC 9113 §4.1), with no opinion of them. */
export interface ReadFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

const HEADER_BYTES = 9;

/** Those that are whole. */
export function* readFrames(bytes: Buffer): Generator<ReadFrame> {
  let at = 0;
  while (at + HEADER_BYTES <= bytes.length) {
    const end = at + HEADER_BYTES + bytes.readUIntBE(at, 3);
    if (end > bytes.length) return;
    yield {
      type: bytes.readUInt8(at + 3),
      flags: bytes.readUInt8(at + 4),
      streamId: bytes.readUInt32BE(at + 5) & 0x7fff_ffff,
      payload: bytes.subarray(at + HEADER_BYTES, end),
    };
    at = end;
  }
}
