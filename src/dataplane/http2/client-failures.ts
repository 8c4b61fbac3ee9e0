import type { UpstreamFailure } from '../codec.ts';

/** Why attempts over HTTP/2 fail, beside what upstream-failures.ts has for both protocols. */
export const clientFailures = {
  noHttp2: {
    status: 502,
    reason: 'endpoint does not speak HTTP/2',
    retry: 'error',
    beforeRequest: true,
    limit: 'malformed-response',
  },
  noStreams: {
    status: 502,
    reason: 'endpoint allows no stream',
    retry: 'error',
    beforeRequest: true,
    limit: undefined,
  },
  /** RST_STREAM with REFUSED_STREAM, or GOAWAY with a lower last stream (RFC 9113 §6.8, §8.7). */
  unprocessed: {
    status: 502,
    reason: 'endpoint refused the stream',
    retry: 'error',
    beforeRequest: true,
    limit: undefined,
  },
  reset: {
    status: 502,
    reason: 'endpoint reset the stream',
    retry: 'error',
    beforeRequest: false,
    limit: undefined,
  },
  wantsHttp1: {
    status: 502,
    reason: 'endpoint wants HTTP/1.1',
    retry: 'no',
    beforeRequest: false,
    limit: undefined,
  },
  brokeStream: {
    status: 502,
    reason: 'endpoint broke the rules of HTTP/2 on the stream',
    retry: 'no',
    beforeRequest: false,
    limit: 'malformed-response',
  },
  brokeConnection: {
    status: 502,
    reason: 'endpoint broke the rules of HTTP/2',
    retry: 'no',
    beforeRequest: false,
    limit: 'malformed-response',
  },
} as const satisfies Record<string, UpstreamFailure>;
