/**
 * What a byte stream of HTTP/2 says, read leniently for the requests that are whole in it, and by the letter for answers.
 * Frames are cut here once more, by other code than the proxy's; header blocks are left to its decoder, which is held
 * against nghttp2 elsewhere.
 */
import { Flag, FrameType } from '../../src/dataplane/http2/frames.ts';
import { HpackDecoder } from '../../src/dataplane/http2/hpack/decoder.ts';
import { UnsoundAnswer } from './sound-answers.ts';
import type { WholeRequest } from './whole-messages.ts';
import { readFrames, type ReadFrame } from './read-frames.ts';

const AMPLE = 10_000_000;

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
    if (message === undefined) messages.set(streamId, { fields, body: '', isWhole: isLastHead });
    else if (isLastHead) message.isWhole = true;
  }
  return [...messages.values()].filter(isWhole).map(({ fields, body }) => {
    return { method: fields.get(':method') ?? '', body };
  });
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
  const isInterim = before === undefined || /^1/.test(before.fields.get(':status') ?? '');
  if (isInterim) checkHead(fields);
  const isWhole = (flags & Flag.EndStream) !== 0;
  if (isInterim) answers.set(streamId, { fields, body: '', isWhole });
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
