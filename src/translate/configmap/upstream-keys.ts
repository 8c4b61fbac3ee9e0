import type { UpstreamSettings } from '../../model/settings.ts';
import { duration, integer, seconds, size } from '../value-parsers.ts';
import { defineKeys, type KeyValues } from './key.ts';

/** security.md §4. */
const DEFAULT_HEAD_BYTES = 16_384;

export const upstreamKeys = defineKeys({
  'upstream-keepalive-connections': {
    value: integer(0, 100_000),
    default: '320',
    doc: 'Idle connections to endpoints that a worker keeps; `0`: none is used twice.',
  },
  'upstream-keepalive-timeout': {
    value: seconds(),
    default: '60',
    doc: 'Longest idle time of such a connection.',
  },
  'upstream-keepalive-time': {
    value: duration(),
    default: '1h',
    doc: 'Longest life of such a connection.',
  },
  'upstream-keepalive-requests': {
    value: integer(1),
    default: '10000',
    doc: 'Requests on one such connection.',
  },
  'proxy-buffer-size': {
    value: size(),
    default: '4k',
    doc: 'Raises the largest head that an endpoint may answer with above 16 KiB; a given value counts as 64 KiB at least and 1 MiB at most.',
  },
});

export function upstreamSettings(values: KeyValues<typeof upstreamKeys>): UpstreamSettings {
  const bufferBytes = values['proxy-buffer-size'];
  return {
    idleConnections:
      values['upstream-keepalive-connections'] === 0
        ? 'off'
        : values['upstream-keepalive-connections'],
    idleMs: values['upstream-keepalive-timeout'],
    lifeMs: values['upstream-keepalive-time'],
    requestsPerConnection: values['upstream-keepalive-requests'],
    headBytes:
      bufferBytes <= 4_096
        ? DEFAULT_HEAD_BYTES
        : Math.min(Math.max(bufferBytes, 65_536), 1_048_576),
    maxFields: 100,
    maxInterimAnswers: 8,
  };
}
