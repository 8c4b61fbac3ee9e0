import type { RetryPolicy, RouteBuffering } from '../../../src/model/config.ts';
import type { Settings } from '../../../src/model/settings.ts';

/** ingress-nginx's defaults, as `translate` would give them for an empty ConfigMap. */
export const defaultSettings: Settings = {
  client: {
    requestLineBytes: 8_192,
    fieldLineBytes: 8_192,
    headBytes: 32_768,
    maxFields: 100,
    allowUnderscores: false,
    headMs: 60_000,
    bodyMs: 60_000,
    keepAliveMs: 75_000,
    requestsPerConnection: 1_000,
    http2Streams: 128,
    sendMs: 60_000,
    maxConnections: 10_000,
  },
  upstream: {
    idleConnections: 320,
    idleMs: 60_000,
    lifeMs: 3_600_000,
    requestsPerConnection: 10_000,
    headBytes: 16_384,
    maxFields: 100,
    maxInterimAnswers: 8,
  },
  forwarded: {
    proxyProtocol: false,
    realAddress: false,
    trustFields: false,
    trustedCidrs: ['0.0.0.0/0'],
    appendFor: false,
    forHeader: 'x-forwarded-for',
    hostHeader: 'x-forwarded-host',
    originalUri: false,
    generateRequestId: true,
  },
  tls: {
    defaultCertificate: '',
    rejectUnknownHosts: false,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers:
      'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305',
    groups: 'auto',
    dhParameters: undefined,
    tickets: 'off',
    recordBytes: undefined,
  },
  accessLog: { kind: 'on', format: { kind: 'json' }, escape: 'json' },
  blockedCidrs: [],
  healthPath: '/healthz',
  serverTokens: false,
  allowUpstreamServerField: false,
  drainMs: 240_000,
};

/** The same for a route. */
export const defaultRetry: RetryPolicy = {
  attempts: 3,
  onError: true,
  onTimeout: true,
  onInvalidHead: false,
  onStatuses: [],
  nonIdempotent: false,
  withinMs: 'none',
};
export const defaultBuffering: RouteBuffering = { repeatBytes: 65_536, readAheadBytes: 'none' };
