import type { UpstreamRequest } from '../codec.ts';
import type { Http2Stream } from './stream.ts';

/** Sends the head of a request, from parsed values alone (security.md 1.1; RFC 9113 §8.3.1). */
export function sendRequestHead(
  stream: Http2Stream,
  request: UpstreamRequest,
  scheme: 'http' | 'https',
  endStream: boolean,
): void {
  const { upstreamAuthority, requestId, originalFields, clientFields, requestBody } = request;
  stream.beginHead();
  stream.field(':method', request.method);
  stream.field(':scheme', scheme);
  stream.field(':path', request.upstreamTarget);
  if (upstreamAuthority !== '') stream.field(':authority', upstreamAuthority);
  stream.fields(request.fields, request.droppedFields);
  if (requestId !== '') stream.field('x-request-id', requestId);
  stream.field('x-forwarded-host', upstreamAuthority);
  stream.fields(request.origin.block.fields);
  if (originalFields !== undefined) stream.fields(originalFields);
  if (clientFields !== undefined) stream.fields(clientFields.fields);
  if (requestBody >= 0) stream.field('content-length', String(requestBody));
  if (request.acceptsTrailers) stream.field('te', 'trailers');
  stream.endHead(endStream);
}
