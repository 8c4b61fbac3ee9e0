import type { UpstreamRequest } from '../codec.ts';
import { CHUNKED } from '../fields.ts';
import { fieldLines, passedLines } from './field-lines.ts';

/**
 * The head of a request as it goes upstream, from parsed values alone (security.md 1.1).
 * @param webSocketKey where the client has sent none to pass on.
 */
export function requestHeadText(
  request: UpstreamRequest,
  isLast: boolean,
  webSocketKey?: string,
): string {
  const { upstreamAuthority, requestId, originalFields, clientFields, requestBody } = request;
  let text = `${request.method} ${request.upstreamTarget} HTTP/1.1\r\nHost: ${upstreamAuthority}\r\n`;
  text = passedLines(text, request.fields, request.droppedFields);
  if (requestId !== '') text += `X-Request-ID: ${requestId}\r\n`;
  text += `X-Forwarded-Host: ${upstreamAuthority}\r\n${request.origin.block.lines}`;
  if (originalFields !== undefined) text += fieldLines(originalFields);
  if (clientFields !== undefined) text += clientFields.lines;
  if (requestBody === CHUNKED) text += 'Transfer-Encoding: chunked\r\n';
  else if (requestBody >= 0) text += `Content-Length: ${requestBody}\r\n`;
  if (request.upgrade) {
    if (webSocketKey !== undefined) text += `Sec-WebSocket-Key: ${webSocketKey}\r\n`;
    text += 'Connection: upgrade\r\nUpgrade: websocket\r\n';
  } else if (isLast) {
    text += 'Connection: close\r\n';
  }
  return `${text}\r\n`;
}
