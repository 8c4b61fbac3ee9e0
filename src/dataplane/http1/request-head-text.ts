import type { UpstreamRequest } from '../codec.ts';
import { CHUNKED, type FieldList } from '../fields.ts';

/** The head of a request as it goes upstream, from parsed values alone (security.md 1.1). */
export function requestHeadText(request: UpstreamRequest, isLast: boolean): string {
  let text = `${request.method} ${request.upstreamTarget} HTTP/1.1\r\nHost: ${request.upstreamAuthority}\r\n`;
  text += receivedLines(request.fields, request.dropped) + fieldLines(request.addedFields);
  if (request.requestBody === CHUNKED) text += 'Transfer-Encoding: chunked\r\n';
  else if (request.requestBody >= 0) text += `Content-Length: ${request.requestBody}\r\n`;
  if (request.upgrade) text += 'Connection: upgrade\r\nUpgrade: websocket\r\n';
  else if (isLast) text += 'Connection: close\r\n';
  return `${text}\r\n`;
}

function receivedLines({ names, values, kinds }: FieldList, dropped: Uint8Array): string {
  let text = '';
  for (let index = 0; index < names.length; index++) {
    if (dropped[kinds[index] ?? 0] === 1) continue;
    text += `${names[index] ?? ''}: ${values[index] ?? ''}\r\n`;
  }
  return text;
}

/** `Name: value` lines of end-to-end fields. */
export function fieldLines({ names, values }: FieldList): string {
  let text = '';
  for (let index = 0; index < names.length; index++) {
    text += `${names[index] ?? ''}: ${values[index] ?? ''}\r\n`;
  }
  return text;
}
