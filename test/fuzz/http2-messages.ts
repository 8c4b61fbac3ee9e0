/**
 * What a byte stream of HTTP/2 says, read leniently for the requests that are whole in it, and by the letter for answers.
 * Frames are cut here once more, by other code than the proxy's; header blocks are left to its decoder, which is held
 * against nghttp2 elsewhere.
 */
import { Flag, FrameType } from '../../src/dataplane/http2/frames.ts';
import { HpackDecoder } from '../../src/dataplane/http2/hpack/decoder.ts';
import { UnsoundAnswer } from './sound-answers.ts';
import type { WholeAnswer, WholeRequest } from './whole-messages.ts';
import { readFrames, type ReadFrame } from './read-frames.ts';

const AMPLE = 10_000_000;
const HEADER_BYTES = 9;

interface Message {
  fields: Map<string, string>;
  body: string;
  isWhole: boolean;
}

export interface Http2Answer {
  readonly status: number;
  readonly body: string;
  readonly isWhole: boolean;
}

/** Without padding, and without the priority of HEADERS. */
function contentOf({ type, flags, payload }: ReadFrame): Buffer {
  if (type === FrameType.Continuation) return payload;
  const isPadded = (flags & Flag.Padded) !== 0;
  const hasPriority = type === FrameType.Headers && (flags & Flag.Priority) !== 0;
  const start = (isPadded ? 1 : 0) + (hasPriority ? 5 : 0);
  return payload.subarray(start, payload.length - (isPadded ? (payload[0] ?? 0) : 0));
}

/** The requests behind the preface that are whole: with END_STREAM, and as long as they say they are. */
export function wholeHttp2Requests(bytes: Buffer): WholeRequest[] {
  return [...readMessages(bytes).values()].filter(isWhole).map(({ fields, body }) => {
    return { method: fields.get(':method') ?? '', body };
  });
}

/**
 * A stream's final answer, as far as who passes it on can know: with its length reached it is whole for a client of
 * HTTP/1.1, whether or not END_STREAM, or the end of the last frame, follows.
 */
export function wholeHttp2Answer(bytes: Buffer, streamId: number): WholeAnswer | undefined {
  const message = readMessages(closeLastFrame(bytes)).get(streamId);
  if (message === undefined) return undefined;
  const { fields, body } = message;
  const status = Number(fields.get(':status'));
  if (status === 204 || status === 304) return { status, body: '' };
  const length = fields.get('content-length');
  if (length === undefined) return message.isWhole ? { status, body } : undefined;
  return body.length >= Number(length)
    ? { status, body: body.slice(0, Number(length)) }
    : undefined;
}

/** A frame of DATA that is cut off ends where its data is, without padding, and ends nothing else. */
function closeLastFrame(bytes: Buffer): Buffer {
  let at = 0;
  for (const { payload } of readFrames(bytes)) at += HEADER_BYTES + payload.length;
  if (bytes.length - at <= HEADER_BYTES || bytes[at + 3] !== FrameType.Data) return bytes;
  const isPadded = ((bytes[at + 4] ?? 0) & Flag.Padded) !== 0;
  const padding = isPadded ? (bytes[at + HEADER_BYTES] ?? 0) : 0;
  const start = at + HEADER_BYTES + (isPadded ? 1 : 0);
  const dataEnd = at + HEADER_BYTES + bytes.readUIntBE(at, 3) - padding;
  const header = Buffer.from(bytes.subarray(at, at + HEADER_BYTES));
  const data = bytes.subarray(start, Math.max(start, dataEnd));
  header.writeUIntBE(data.length, 0, 3);
  header[4] = Flag.None;
  return Buffer.concat([bytes.subarray(0, at), header, data]);
}

function readMessages(bytes: Buffer): Map<number, Message> {
  const messages = new Map<number, Message>();
  const decoder = new HpackDecoder(4096);
  let block: Buffer[] = [];
  let isLastHead = false;
  for (const frame of readFrames(bytes)) {
    const { type, flags, streamId } = frame;
    const message = messages.get(streamId);
    if (type === FrameType.Data && message?.isWhole === false) {
      message.body += contentOf(frame).toString('latin1');
      message.isWhole = (flags & Flag.EndStream) !== 0;
    }
    if (type !== FrameType.Headers && type !== FrameType.Continuation) continue;
    if (type === FrameType.Headers) isLastHead = (flags & Flag.EndStream) !== 0;
    block.push(contentOf(frame));
    if ((flags & Flag.EndHeaders) === 0) continue;
    const fields = decode(decoder, Buffer.concat(block));
    block = [];
    if (fields === undefined) break;
    if (message === undefined || isInterim(message)) {
      messages.set(streamId, { fields, body: '', isWhole: isLastHead });
    } else if (isLastHead) message.isWhole = true;
  }
  return messages;
}

function isInterim({ fields }: Message): boolean {
  return /^1/.test(fields.get(':status') ?? '');
}

function isWhole({ fields, body, isWhole }: Message): boolean {
  const length = fields.get('content-length');
  return isWhole && (length === undefined || Number(length) === body.length);
}

function decode(decoder: HpackDecoder, block: Buffer): Map<string, string> | undefined {
  const fields = new Map<string, string>();
  const result = decoder.decode(block, 0, block.length, AMPLE, (name, value) => {
    if (!fields.has(name)) fields.set(name, value);
  });
  return result === 'ok' ? fields : undefined;
}

/** What the proxy answered on a connection, each stream's own. Throws what a client would choke on. */
export function readHttp2Answers(bytes: Buffer): Http2Answer[] {
  const decoder = new HpackDecoder(4096);
  const answers = new Map<number, Message>();
  let isFirst = true;
  for (const frame of readFrames(bytes)) {
    if (isFirst && frame.type !== FrameType.Settings)
      throw new UnsoundAnswer('SETTINGS is not the first');
    isFirst = false;
    if (frame.type === FrameType.Headers) readHead(decoder, answers, frame);
    else if (frame.type === FrameType.Data) readBody(answers, frame);
    else if (frame.type > FrameType.Continuation)
      throw new UnsoundAnswer(`frame type ${frame.type}`);
  }
  return [...answers.values()].map(({ fields, body, isWhole }) => {
    return { status: Number(fields.get(':status')), body, isWhole };
  });
}

function readHead(decoder: HpackDecoder, answers: Map<number, Message>, frame: ReadFrame): void {
  const { flags, streamId } = frame;
  if ((flags & Flag.EndHeaders) === 0) throw new UnsoundAnswer('a short head in pieces');
  const fields = decode(decoder, contentOf(frame));
  if (fields === undefined) throw new UnsoundAnswer('a header block that does not decode');
  const before = answers.get(streamId);
  if (before?.isWhole === true) throw new UnsoundAnswer('HEADERS behind the end');
  const isHead = before === undefined || isInterim(before);
  if (isHead) checkHead(fields);
  const isWhole = (flags & Flag.EndStream) !== 0;
  if (isHead) answers.set(streamId, { fields, body: '', isWhole });
  else before.isWhole = isWhole;
}

function checkHead(fields: ReadonlyMap<string, string>): void {
  if (!/^[1-5][0-9]{2}$/.test(fields.get(':status') ?? '')) throw new UnsoundAnswer('no status');
  for (const [name, value] of fields) {
    const isName = name === ':status' || /^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name);
    if (!isName || !/^[\t -~\x80-\xff]*$/.test(value))
      throw new UnsoundAnswer(`field ${JSON.stringify([name, value])}`);
    const isHopByHop = ['connection', 'transfer-encoding', 'keep-alive', 'upgrade'].includes(name);
    if (isHopByHop) throw new UnsoundAnswer(`${name} in HTTP/2`);
  }
}

function readBody(answers: Map<number, Message>, frame: ReadFrame): void {
  const answer = answers.get(frame.streamId);
  if (answer === undefined) throw new UnsoundAnswer('DATA before HEADERS');
  if (answer.isWhole) throw new UnsoundAnswer('DATA behind the end');
  answer.body += contentOf(frame).toString('latin1');
  answer.isWhole = (frame.flags & Flag.EndStream) !== 0;
  const length = answer.fields.get('content-length');
  const isOther = answer.isWhole && length !== undefined && Number(length) !== answer.body.length;
  if (isOther) throw new UnsoundAnswer(`${answer.body.length} bytes of ${length}`);
}
