import type { UpstreamFailure } from './codec.ts';
import { limitOfAnswer } from './http1/refusal-limits.ts';
import type { Refusal } from './http1/refusal.ts';

/** Why attempts fail. Sources: routing.md §8.3 and §13, security.md §5 and §7. */
export const upstreamFailures = {
  refused: {
    status: 502,
    reason: 'endpoint refused the connection',
    retry: 'error',
    beforeRequest: true,
    limit: undefined,
  },
  connectTimeout: {
    status: 504,
    reason: 'endpoint did not accept in time',
    retry: 'timeout',
    beforeRequest: true,
    limit: 'upstream-connect-timeout',
  },
  tlsRefused: {
    status: 502,
    reason: 'TLS handshake with the endpoint failed',
    retry: 'error',
    beforeRequest: true,
    limit: undefined,
  },
  untrusted: certificateFailure('certificate of the endpoint is not trusted'),
  expired: certificateFailure('certificate of the endpoint has expired or is not valid yet'),
  misnamed: certificateFailure('certificate of the endpoint is for another name'),
  chainTooLong: certificateFailure('certificate chain of the endpoint is too long'),
  sendTimeout: {
    status: 504,
    reason: 'endpoint took no byte of the request in time',
    retry: 'timeout',
    beforeRequest: false,
    limit: 'upstream-send-timeout',
  },
  readTimeout: {
    status: 504,
    reason: 'endpoint sent nothing in time',
    retry: 'timeout',
    beforeRequest: false,
    limit: 'upstream-read-timeout',
  },
  closed: {
    status: 502,
    reason: 'endpoint closed the connection before the end of its answer',
    retry: 'error',
    beforeRequest: false,
    limit: undefined,
  },
  tooManyInterim: {
    status: 502,
    reason: 'endpoint sent too many interim answers',
    retry: 'no',
    beforeRequest: false,
    limit: 'upstream-interim-answers',
  },
  tunnelIdle: {
    status: 504,
    reason: 'tunnel was idle for too long',
    retry: 'no',
    beforeRequest: false,
    limit: 'tunnel-idle-timeout',
  },
} as const satisfies Record<string, UpstreamFailure>;

/** An answer that the parser refuses. The request was understood: it is repeated only where somebody asked for that. */
export function malformedAnswer(refusal: Refusal): UpstreamFailure {
  return {
    status: 502,
    reason: `answer refused: ${refusal.reason}`,
    retry: 'invalid-head',
    beforeRequest: false,
    limit: limitOfAnswer(refusal),
  };
}

/** `proxy-ssl-verify`: nothing of the request was sent. */
function certificateFailure(reason: string): UpstreamFailure {
  return {
    status: 502,
    reason,
    retry: 'error',
    beforeRequest: true,
    limit: 'upstream-certificate',
  };
}
