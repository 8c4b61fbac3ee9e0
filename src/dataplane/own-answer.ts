import { PRODUCT } from './answer-fields.ts';
import type { AnswerHead } from './codec.ts';
import type { OwnAnswer } from './decide.ts';
import { errorPage, statusText } from './error-page.ts';
import { FieldKind, FieldList, NO_BODY } from './fields.ts';
import { grpcErrorHead, isGrpc } from './grpc-status.ts';

/** An answer of our own, ready to be sent. */
export interface OwnMessage {
  readonly head: AnswerHead;
  /** Undefined where the request's method or the answer has none. */
  readonly page: Buffer | undefined;
}

export interface AnsweredRequest {
  readonly method: string;
  readonly protocol: string;
  readonly upgrade: boolean;
  readonly fields: FieldList;
}

/** @param title what stands beside the status on line and page; undefined: the usual. */
export function createOwnMessage(
  { status, location, allow, retryAfterSeconds, text, isEmpty = false }: OwnAnswer,
  request: AnsweredRequest,
  options: { readonly title: string | undefined; readonly showsProduct: boolean },
): OwnMessage {
  const reason = options.title ?? statusText(status);
  // Who asks for a tunnel reads the status: over HTTP/2 gRPC's 200 would open it.
  if (status >= 400 && isGrpc(request.fields) && !request.upgrade) {
    const isHttp2 = request.protocol === 'HTTP/2.0';
    return { head: grpcErrorHead(status, reason, isHttp2), page: undefined };
  }
  const product = options.showsProduct ? PRODUCT : undefined;
  const ownPage = text === undefined ? errorPage(status, reason, product) : Buffer.from(text);
  const page = isEmpty ? undefined : ownPage;
  const length = page?.length ?? 0;
  const isHead = request.method === 'HEAD';
  return {
    head: {
      status,
      reason,
      fields: fieldsOf({ location, allow, retryAfterSeconds, hasPage: !isEmpty }),
      body: isHead ? NO_BODY : length,
      declaredLength: isHead ? length : undefined,
    },
    page: isHead ? undefined : page,
  };
}

function fieldsOf(parts: {
  readonly location: string | undefined;
  readonly allow: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly hasPage: boolean;
}): FieldList {
  const fields = new FieldList();
  if (parts.hasPage) {
    fields.push('Content-Type', 'text/html', FieldKind.ContentType);
    fields.push('X-Content-Type-Options', 'nosniff', FieldKind.Other);
  }
  if (parts.location !== undefined) fields.push('Location', parts.location, FieldKind.Location);
  if (parts.allow !== undefined) fields.push('Allow', parts.allow, FieldKind.Other);
  if (parts.retryAfterSeconds !== undefined) {
    fields.push('Retry-After', String(parts.retryAfterSeconds), FieldKind.Other);
  }
  return fields;
}
