import type { RetryPolicy, Route } from '../model/config.ts';
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

/**
 * How much of a request's body is kept while it is being sent, so that it can be sent again.
 * @param mayBeRefused the endpoint may say that it did nothing with a request that it has (RFC 9113 §8.7).
 */
export function bytesToKeep(
  method: string,
  route: Route | undefined,
  mayBeRefused: boolean,
): number {
  if (route === undefined || !(mayBeRefused || isRepeatable(method, route.retry))) return 0;
  const { repeatBytes } = route.buffering;
  return repeatBytes === 'none' ? 0 : repeatBytes;
}

/** Whether a request may be sent again although an endpoint may have acted upon it. */
function isRepeatable(method: string, { nonIdempotent }: RetryPolicy): boolean {
  return nonIdempotent || IDEMPOTENT.has(method);
}

export interface FailedAttempt {
  /** Why it failed; a number: the endpoint answered with this status. */
  readonly cause: UpstreamFailure['retry'] | number;
  /** No byte of the request can have reached the endpoint. */
  readonly beforeRequest: boolean;
  /** It failed on a kept connection that may have died before: a new one to the same endpoint is no new attempt. */
  readonly isStale: boolean;
  readonly method: string;
  /** Including the failed one. */
  readonly attempts: number;
  /** Since the first attempt began. */
  readonly elapsedMs: number;
}

/**
 * Whether the request may be sent again, given that no byte of an answer was sent and its body is at hand. What cannot have
 * reached the endpoint may always; else only what is idempotent. Source: routing.md §13, security.md 7.4.
 */
export function mayRepeat(failed: FailedAttempt, policy: RetryPolicy): boolean {
  if (!failed.beforeRequest && !isRepeatable(failed.method, policy)) return false;
  if (failed.isStale) return true;
  if (failed.attempts >= policy.attempts) return false;
  if (policy.withinMs !== 'none' && failed.elapsedMs >= policy.withinMs) return false;
  return isCondition(failed.cause, policy);
}

function isCondition(cause: FailedAttempt['cause'], policy: RetryPolicy): boolean {
  switch (cause) {
    case 'error':
      return policy.onError;
    case 'timeout':
      return policy.onTimeout;
    case 'invalid-head':
      return policy.onInvalidHead;
    case 'no':
      return false;
    default:
      return policy.onStatuses.includes(cause);
  }
}
