import { cipherProblem, isDheAlone, tlsCiphers, type CipherList } from '../tls-ciphers.ts';
import { boolean } from '../value-parsers.ts';
import { defineFeature, type Refusal } from './feature.ts';

/** Ciphers of TLS 1.2 for the hosts of an Ingress. */
export const sslCiphers = defineFeature<{ 'ssl-ciphers': CipherList }>({
  annotations: {
    'ssl-ciphers': {
      value: tlsCiphers(),
      onInvalid: 'drop-ingress',
      risk: 'low',
      default: 'ConfigMap `ssl-ciphers`',
      doc: 'Ciphers of TLS 1.2 for each host of the Ingress; those of TLS 1.3 stay. Only ECDHE and DHE with AES-GCM or ChaCha20-Poly1305 are offered of it; a list without an ECDHE cipher counts as absent.',
      refuse: refuseWeak,
    },
  },
  applyToVirtualHost: (host, values) => {
    const ciphers = values['ssl-ciphers']?.ciphers;
    return ciphers === undefined ? host : { ...host, tls: { ...host.tls, ciphers } };
  },
});

/** A list that leaves TLS 1.2 nothing would take it from the host, which may have other Ingresses. */
function refuseWeak(list: CipherList): Refusal | undefined {
  if (isDheAlone(list)) {
    const reason = 'It has DHE ciphers alone, which not every client has.';
    return { outcome: 'default', reason };
  }
  const problem = cipherProblem(list);
  if (problem === undefined) return undefined;
  return { outcome: list.ciphers === '' ? 'default' : 'partly', reason: `${problem}.` };
}

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
