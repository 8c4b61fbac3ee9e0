import type { RetryPolicy } from '../model/config.ts';
import type { UpstreamFailure } from './codec.ts';

/** RFC 9110 §9.2.2; what a client may repeat, we may. */
const IDEMPOTENT: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'PUT',
  'DELETE',
  'TRACE',
]);

export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}

export interface FailedAttempt {
  readonly failure: UpstreamFailure;
  /** It failed on a kept connection that may have died before: a new one to the same endpoint is no new attempt. */
  readonly isStale: boolean;
  readonly method: string;
  /** Including the failed one. */
  readonly attempts: number;
  readonly policy: RetryPolicy;
}

/**
 * Whether the request may be sent again, given that no byte of an answer was sent and its body is at hand. What cannot have
 * reached the endpoint may always; else only what is idempotent. Source: routing.md §13, security.md 7.4.
 */
export function mayRepeat({ failure, isStale, method, attempts, policy }: FailedAttempt): boolean {
  if (!failure.beforeRequest && !isIdempotent(method)) return false;
  if (isStale) return true;
  if (attempts >= policy.attempts) return false;
  switch (failure.retry) {
    case 'error':
      return policy.onError;
    case 'timeout':
      return policy.onTimeout;
    case 'no':
      return false;
  }
}
