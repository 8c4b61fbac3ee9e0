import { GarbageError } from './api-error.ts';
import { isJsonObject, type JsonObject } from './prune.ts';

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: JsonObject;
}

/** The API server's own limit for an object is 3 MiB. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const LINE_FEED = 0x0a;

/**
 * The events of a watch, one JSON object a line, in order. A line that the stream's end cuts short is dropped: the next
 * watch brings it again. Throws a GarbageError for anything else that is no event.
 */
export async function* readWatchEvents(chunks: AsyncIterable<Buffer>): AsyncGenerator<WatchEvent> {
  let partial: Buffer[] = [];
  let partialBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      partial.push(chunk.subarray(start, end));
      start = end + 1;
      const line = Buffer.concat(partial).toString();
      partial = [];
      partialBytes = 0;
      if (line.trim() !== '') yield parseEvent(line);
    }
    if (start < chunk.length) partial.push(chunk.subarray(start));
    partialBytes += chunk.length - start;
    if (partialBytes > MAX_LINE_BYTES) throw new GarbageError('an event is too long');
  }
}

function parseEvent(line: string): WatchEvent {
  const event = parseJson(line);
  if (!isJsonObject(event) || !isEventType(event['type']) || !isJsonObject(event['object'])) {
    throw new GarbageError('a line of the watch is no event');
  }
  return { type: event['type'], object: event['object'] };
}

/** Undefined when it is not JSON. The parser's own error would quote the text. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isEventType(type: unknown): type is WatchEvent['type'] {
  return (
    type === 'ADDED' ||
    type === 'MODIFIED' ||
    type === 'DELETED' ||
    type === 'BOOKMARK' ||
    type === 'ERROR'
  );
}
