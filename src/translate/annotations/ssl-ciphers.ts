import { tlsCiphers } from '../tls-ciphers.ts';
import { boolean } from '../value-parsers.ts';
import { defineFeature } from './feature.ts';

/** Ciphers of TLS 1.2 for the hosts of an Ingress. */
export const sslCiphers = defineFeature<{ 'ssl-ciphers': string }>({
  annotations: {
    'ssl-ciphers': {
      value: tlsCiphers(),
      onInvalid: 'drop-ingress',
      risk: 'low',
      default: 'ConfigMap `ssl-ciphers`',
      doc: 'Ciphers of TLS 1.2 for each host of the Ingress; those of TLS 1.3 stay.',
    },
  },
  applyToVirtualHost: (host, values) => {
    const ciphers = values['ssl-ciphers'];
    return ciphers === undefined ? host : { ...host, tls: { ...host.tls, ciphers } };
  },
});

/** Whose order of ciphers counts, apart from the list: the oldest Ingress that sets it decides about each by itself. */
export const sslPreferServerCiphers = defineFeature<{ 'ssl-prefer-server-ciphers': boolean }>({
  annotations: {
    'ssl-prefer-server-ciphers': {
      value: boolean(),
      onInvalid: 'default',
      risk: 'low',
      default: 'true',
      doc: 'Whether the order of `ssl-ciphers` counts, rather than the client’s.',
    },
  },
  applyToVirtualHost: (host, values) => {
    const isOurs = values['ssl-prefer-server-ciphers'];
    if (isOurs === undefined) return host;
    return { ...host, tls: { ...host.tls, cipherOrder: isOurs ? 'server' : 'client' } };
  },
});
