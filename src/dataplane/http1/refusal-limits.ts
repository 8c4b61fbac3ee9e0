import type { LimitName } from '../../observability/limits.ts';
import type { Excess, Refusal } from './refusal.ts';

const REQUEST_LIMITS: Readonly<Record<Excess, LimitName>> = {
  line: 'request-line',
  field: 'request-field',
  head: 'request-head',
  fields: 'request-fields',
  trailers: 'request-trailers',
};

const ANSWER_LIMITS: Readonly<Record<Excess, LimitName>> = {
  line: 'upstream-head',
  field: 'upstream-head',
  head: 'upstream-head',
  fields: 'upstream-fields',
  trailers: 'upstream-trailers',
};

/** Under which name a refused request is counted. */
export function limitOfRefusal({ status, excess }: Refusal): LimitName {
  if (excess !== undefined) return REQUEST_LIMITS[excess];
  if (status === 408) return 'request-head-timeout';
  return status === 501 || status === 505 ? 'unsupported-request' : 'malformed-request';
}

/** Under which name a refused answer is counted. */
export function limitOfAnswer({ excess }: Refusal): LimitName {
  return excess === undefined ? 'malformed-response' : ANSWER_LIMITS[excess];
}
