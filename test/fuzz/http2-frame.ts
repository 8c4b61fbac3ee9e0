/** A frame as the fuzzer holds it: it may say of itself what is not so. */
export interface FuzzFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
  /** The length that it claims, where that is not its payload's. */
  readonly claimed?: number;
}

export function encodeFrame({ type, flags, streamId, payload, claimed }: FuzzFrame): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE((claimed ?? payload.length) & 0xff_ffff, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId >>> 0, 5);
  return Buffer.concat([header, payload]);
}

export function encodeFrames(frames: readonly FuzzFrame[]): Buffer {
  return Buffer.concat(frames.map(encodeFrame));
}
