import type { ClientSettings } from '../../model/settings.ts';
import { boolean, integer, seconds, type ValueParser } from '../value-parsers.ts';
import { size } from '../value-parsers.ts';
import { defineKeys, type KeyValues } from './key.ts';

interface HeaderBuffers {
  readonly count: number;
  readonly bytes: number;
}

/** `4 8k`: how many, and how large each. */
function headerBuffers(): ValueParser<HeaderBuffers> {
  const count = integer(1, 64);
  const bytes = size();
  return {
    syntax: 'a number and a size, such as `4 8k`',
    parse: (text) => {
      const [first = '', second = '', ...rest] = text.split(/\s+/);
      const buffers = { count: count.parse(first), bytes: bytes.parse(second) };
      if (rest.length > 0 || buffers.count === undefined || buffers.bytes === undefined) {
        return undefined;
      }
      // A head is held in memory as one text: no more than 1 MiB, and a request line must fit at all.
      if (buffers.bytes < 512 || buffers.count * buffers.bytes > 1_048_576) return undefined;
      return { count: buffers.count, bytes: buffers.bytes };
    },
  };
}

export const clientKeys = defineKeys({
  'large-client-header-buffers': {
    value: headerBuffers(),
    default: '4 8k',
    doc: 'Limits of a request head: the size is that of the request line and of each single field, number times size that of the whole head.',
  },
  'client-header-timeout': {
    value: seconds(),
    default: '60',
    doc: 'Longest time from the first byte of a request head to its end.',
  },
  'client-body-timeout': {
    value: seconds(),
    default: '60',
    doc: 'Longest silence within a request body.',
  },
  'keep-alive': {
    value: seconds(0),
    default: '75',
    doc: 'Longest idle time of a client connection between requests; `0` closes it after each.',
  },
  'keep-alive-requests': {
    value: integer(1),
    default: '1000',
    doc: 'Requests on one client connection before it is closed.',
  },
  'use-http2': {
    value: boolean(),
    default: 'true',
    empty: false,
    doc: 'Speak HTTP/2: over TLS with clients that offer it, in plaintext with those that begin with it (no `Upgrade: h2c`).',
  },
  'http2-max-concurrent-streams': {
    value: integer(1, 1_000),
    default: '128',
    doc: 'Requests at once on one HTTP/2 connection.',
  },
  'enable-underscores-in-headers': {
    value: boolean(),
    default: 'false',
    empty: false,
    doc: 'Keep request fields whose name has an underscore, instead of dropping them.',
  },
  'max-worker-connections': {
    value: integer(0),
    default: '0',
    doc: 'Client connections that a worker holds at once; `0`: by the limit of open files.',
  },
});

export function clientSettings(values: KeyValues<typeof clientKeys>): ClientSettings {
  const buffers = values['large-client-header-buffers'];
  return {
    requestLineBytes: buffers.bytes,
    fieldLineBytes: buffers.bytes,
    headBytes: buffers.count * buffers.bytes,
    maxFields: 100,
    allowUnderscores: values['enable-underscores-in-headers'],
    headMs: values['client-header-timeout'],
    bodyMs: values['client-body-timeout'],
    keepAliveMs: values['keep-alive'] === 0 ? 'off' : values['keep-alive'],
    requestsPerConnection: values['keep-alive-requests'],
    http2Streams: values['use-http2'] ? values['http2-max-concurrent-streams'] : 'off',
    sendMs: 60_000,
    maxConnections:
      values['max-worker-connections'] === 0 ? 'auto' : values['max-worker-connections'],
  };
}
