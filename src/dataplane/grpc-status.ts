import { FieldKind, FieldList, NO_BODY } from './fields.ts';
import type { AnswerHead } from './codec.ts';

/** Status codes of gRPC; those that stand for an HTTP status. */
const GrpcStatus = {
  Unknown: 2,
  PermissionDenied: 7,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  Unauthenticated: 16,
} as const;

/** Source: gRPC, "HTTP to gRPC Status Code Mapping"; any other status is Unknown. */
const BY_HTTP_STATUS: Readonly<Record<number, number>> = {
  400: GrpcStatus.Internal,
  401: GrpcStatus.Unauthenticated,
  403: GrpcStatus.PermissionDenied,
  404: GrpcStatus.Unimplemented,
  429: GrpcStatus.Unavailable,
  502: GrpcStatus.Unavailable,
  503: GrpcStatus.Unavailable,
  504: GrpcStatus.Unavailable,
};

/** gRPC itself and its subtypes by codec; gRPC-Web is another protocol, whose clients read the HTTP status. */
const GRPC = /^application\/grpc(?:$|[+;\t ])/i;

export function isGrpc(fields: FieldList): boolean {
  const contentType = fields.get(FieldKind.ContentType);
  return contentType !== undefined && GRPC.test(contentType);
}

export function grpcStatusOf(httpStatus: number): number {
  return BY_HTTP_STATUS[httpStatus] ?? GrpcStatus.Unknown;
}

/**
 * An error of our own as a gRPC client reads it: a 200 that is trailers alone, its status among the fields (gRPC over HTTP/2,
 * "Responses"). `message` is printable ASCII without `%`, which nothing has to be escaped in.
 */
export function grpcErrorHead(httpStatus: number, message: string, isHttp2: boolean): AnswerHead {
  const fields = new FieldList();
  fields.push('Content-Type', 'application/grpc', FieldKind.ContentType);
  fields.push('grpc-status', String(grpcStatusOf(httpStatus)), FieldKind.Other);
  fields.push('grpc-message', message, FieldKind.Other);
  // HTTP/1.1 can't show that nothing follows but by a length.
  const body = isHttp2 ? NO_BODY : 0;
  return { status: 200, reason: 'OK', fields, body, declaredLength: undefined };
}
