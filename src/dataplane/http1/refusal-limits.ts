import type { LimitName } from '../../observability/limits.ts';
import type { Refusal } from './refusal.ts';

/** Under which name a refused request is counted. */
export function limitOfRefusal({ status, pageTitle }: Refusal): LimitName {
  if (status === 408) return 'request-head-timeout';
  if (status === 414) return 'request-line';
  if (status === 501 || status === 505) return 'unsupported-request';
  return pageTitle === undefined ? 'malformed-request' : 'request-head';
}
