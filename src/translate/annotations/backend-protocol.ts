import type { UpstreamProtocol } from '../../model/config.ts';
import { oneOfAnyCase } from '../value-parsers.ts';
import { defineFeature } from './feature.ts';

type Protocol = 'HTTP' | 'HTTPS' | 'AUTO_HTTP' | 'GRPC' | 'GRPCS' | 'FCGI';

/** Undefined: not spoken yet. */
const SPOKEN: Readonly<Record<Protocol, UpstreamProtocol | undefined>> = {
  HTTP: 'http',
  HTTPS: 'https',
  GRPC: 'grpc',
  GRPCS: 'grpcs',
  AUTO_HTTP: undefined,
  FCGI: undefined,
};

/** How endpoints are spoken to. */
export const backendProtocol = defineFeature<{ 'backend-protocol': Protocol }>({
  annotations: {
    'backend-protocol': {
      value: oneOfAnyCase('HTTP', 'HTTPS', 'AUTO_HTTP', 'GRPC', 'GRPCS', 'FCGI'),
      onInvalid: 'default',
      risk: 'low',
      default: 'HTTP',
      doc: '`HTTPS`, `GRPCS`: TLS, without a check of the certificate and without SNI unless `proxy-ssl-*` asks for them. `GRPC`, `GRPCS`: HTTP/2, whatever the client speaks. `AUTO_HTTP` and `FCGI` are not honoured yet: the paths answer 503.',
      refuse: (protocol) =>
        SPOKEN[protocol] !== undefined
          ? undefined
          : {
              outcome: 'partly',
              code: 'backend-protocol-unsupported',
              reason: `${protocol} is not spoken yet, and such an endpoint understands nothing else: all paths of the Ingress answer 503. ${protocol === 'FCGI' ? 'Put an HTTP server in front of it.' : 'Name the protocol that it speaks.'}`,
            },
    },
  },
  routes: ['rule', 'catch-all'],
  applyToRoute: (route, values) => {
    const protocol = SPOKEN[values['backend-protocol'] ?? 'HTTP'];
    if (protocol === undefined) return { ...route, filters: [{ kind: 'deny', status: 503 }] };
    return { ...route, protocol };
  },
});
