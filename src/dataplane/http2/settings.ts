import {
  DEFAULT_HEADER_TABLE_BYTES,
  DEFAULT_MAX_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  ErrorCode,
  LARGEST_MAX_FRAME_BYTES,
  LARGEST_WINDOW_BYTES,
  SettingId,
} from './frames.ts';

const SETTING_BYTES = 6;

/** What the peer has announced of itself, defaults before that (RFC 9113 §6.5.2). */
export class PeerSettings {
  headerTableBytes = DEFAULT_HEADER_TABLE_BYTES;
  maxConcurrentStreams = Infinity;
  initialWindowBytes = DEFAULT_WINDOW_BYTES;
  maxFrameBytes = DEFAULT_MAX_FRAME_BYTES;
  /** Extended CONNECT is understood (RFC 8441 §3). */
  extendedConnect = false;

  /** Takes the payload of a SETTINGS frame, whose length is sound. The error that it is, if it is one. */
  apply(payload: Buffer, start: number, end: number): ErrorCode | undefined {
    for (let at = start; at < end; at += SETTING_BYTES) {
      const error = this.#set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
      if (error !== undefined) return error;
    }
    return undefined;
  }

  #set(id: number, value: number): ErrorCode | undefined {
    switch (id) {
      case SettingId.HeaderTableSize:
        this.headerTableBytes = value;
        break;
      case SettingId.EnablePush:
        if (value > 1) return ErrorCode.ProtocolError;
        break;
      case SettingId.MaxConcurrentStreams:
        this.maxConcurrentStreams = value;
        break;
      case SettingId.InitialWindowSize:
        if (value > LARGEST_WINDOW_BYTES) return ErrorCode.FlowControlError;
        this.initialWindowBytes = value;
        break;
      case SettingId.MaxFrameSize:
        if (value < DEFAULT_MAX_FRAME_BYTES || value > LARGEST_MAX_FRAME_BYTES) {
          return ErrorCode.ProtocolError;
        }
        this.maxFrameBytes = value;
        break;
      case SettingId.EnableConnectProtocol:
        if (value > 1 || (value === 0 && this.extendedConnect)) return ErrorCode.ProtocolError;
        this.extendedConnect = value === 1;
        break;
    }
    return undefined;
  }
}
