import { oneOfAnyCase } from '../value-parsers.ts';
import { defineFeature } from './feature.ts';

type Protocol = 'HTTP' | 'HTTPS' | 'AUTO_HTTP' | 'GRPC' | 'GRPCS' | 'FCGI';

/** How endpoints are spoken to. */
export const backendProtocol = defineFeature<{ 'backend-protocol': Protocol }>({
  annotations: {
    'backend-protocol': {
      value: oneOfAnyCase('HTTP', 'HTTPS', 'AUTO_HTTP', 'GRPC', 'GRPCS', 'FCGI'),
      onInvalid: 'default',
      risk: 'low',
      default: 'HTTP',
      doc: '`HTTPS`: TLS without a check of the certificate and without SNI. Others than `HTTP` and `HTTPS` are not honoured yet: the paths answer 503.',
      refuse: (protocol) =>
        isSpoken(protocol)
          ? undefined
          : {
              outcome: 'partly',
              code: 'backend-protocol-unsupported',
              reason: `${protocol} is not spoken yet, and such an endpoint understands nothing else: all paths of the Ingress answer 503.`,
            },
    },
  },
  routes: ['rule', 'catch-all'],
  applyToRoute: (route, values) => {
    const protocol = values['backend-protocol'] ?? 'HTTP';
    if (!isSpoken(protocol)) return { ...route, filters: [{ kind: 'deny', status: 503 }] };
    return protocol === 'HTTPS' ? { ...route, protocol: 'https' } : route;
  },
});

function isSpoken(protocol: Protocol): boolean {
  return protocol === 'HTTP' || protocol === 'HTTPS';
}
