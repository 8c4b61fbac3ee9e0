import { CLIENT_PREFACE, FrameType, SettingId } from '../../src/dataplane/http2/frames.ts';
import { readFrames } from './read-frames.ts';
import { textOf, type FuzzStream } from './stream.ts';

const SETTING_BYTES = 6;
const SMALL_WINDOW_BYTES = 10_000;
const LEAVES_AFTER_MS = 100;

/** With windows of a few bytes that nobody opens, answers stay where they are, until `slow-client` ends them in a minute. */
export function leavesAfterMs(stream: FuzzStream): number | undefined {
  const frames = readFrames(Buffer.from(textOf(stream).slice(CLIENT_PREFACE.length), 'latin1'));
  for (const { type, payload } of frames) {
    if (type !== FrameType.Settings) continue;
    for (let at = 0; at + SETTING_BYTES <= payload.length; at += SETTING_BYTES) {
      const isWindow = payload.readUInt16BE(at) === SettingId.InitialWindowSize;
      if (isWindow && payload.readUInt32BE(at + 2) < SMALL_WINDOW_BYTES) return LEAVES_AFTER_MS;
    }
  }
  return undefined;
}
