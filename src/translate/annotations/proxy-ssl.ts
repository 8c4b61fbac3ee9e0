import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { CLOSED } from '../closed.ts';
import { integer, matching, oneOf, oneOfAnyCase, type ValueParser } from '../value-parsers.ts';
import { defineFeature, type Values } from './feature.ts';

type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

export interface TlsVersions {
  readonly min: TlsVersion;
  readonly max: TlsVersion;
}

interface ProxySslAnnotations {
  'proxy-ssl-secret': string;
  'proxy-ssl-verify': 'on' | 'off';
  'proxy-ssl-verify-depth': number;
  'proxy-ssl-name': string;
  'proxy-ssl-server-name': 'on' | 'off';
  'proxy-ssl-protocols': TlsVersions;
  'proxy-ssl-ciphers': string;
}

export type ProxySslValues = Values<ProxySslAnnotations>;

function versions(): ValueParser<TlsVersions> {
  return {
    syntax: '`TLSv1.2`, `TLSv1.3` or both, between spaces',
    parse: (text) => {
      const names = text.split(/\s+/);
      const known: readonly TlsVersion[] = ['TLSv1.2', 'TLSv1.3'];
      if (!names.every((name) => known.some((each) => each === name))) return undefined;
      const [min, max = min] = known.filter((name) => names.includes(name));
      return min === undefined || max === undefined ? undefined : { min, max };
    },
  };
}

/** Asked of OpenSSL itself, behind a grammar in which nothing but names and operators can be written. */
function ciphers(): ValueParser<string> {
  return {
    syntax: 'an OpenSSL cipher list with a cipher that is known',
    parse: (text) => {
      if (!/^[A-Za-z0-9+:_!-]+$/.test(text)) return undefined;
      try {
        createSecureContext({ ciphers: text, ca: [] });
        return text;
      } catch {
        return undefined; // no cipher matches
      }
    },
  };
}

function endpointName(): ValueParser<string> {
  const SYNTAX = /^[A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?$/;
  return {
    syntax: 'a host name or an address',
    parse: (text) => (SYNTAX.test(text) || isIP(text) !== 0 ? text : undefined),
  };
}

/** Whom endpoints must be and who the proxy is towards them, where `backend-protocol` is over TLS. */
export const proxySsl = defineFeature<ProxySslAnnotations>({
  annotations: {
    'proxy-ssl-secret': {
      value: matching(/^[A-Za-z0-9/:._~ -]+$/, 'the `namespace/name` of a Secret'),
      onInvalid: 'drop-ingress',
      risk: 'medium',
      default: '',
      doc: '`namespace/name` of a Secret, of the Ingress’s own namespace unless `allow-cross-namespace-resources` is on: `ca.crt` has the CAs that endpoints are checked against, `tls.crt` and `tls.key` what is presented to endpoints that ask. While it is missing or broken the paths answer 503. Without it, the annotations below mean nothing.',
    },
    'proxy-ssl-verify': {
      value: oneOfAnyCase('on', 'off'),
      onInvalid: 'deny-503',
      risk: 'low',
      default: 'off',
      doc: '`on`: an endpoint whose certificate is not of the CAs, not for the name or not valid now is not used; where there is no other, 502. Without a CA to check against the paths answer 503.',
    },
    'proxy-ssl-verify-depth': {
      value: integer(0, 100),
      onInvalid: 'default',
      risk: 'low',
      default: '1',
      doc: 'Most CA certificates between the endpoint’s and the root; `0` means 1.',
    },
    'proxy-ssl-name': {
      value: endpointName(),
      onInvalid: 'default',
      risk: 'high',
      default: '`<namespace>-<service>-<port>`',
      doc: 'Name that the certificate must be for, and that is sent with `proxy-ssl-server-name`. Hardly any certificate is for the default.',
    },
    'proxy-ssl-server-name': {
      value: oneOf('on', 'off'),
      onInvalid: 'default',
      risk: 'low',
      default: 'off',
      doc: '`on`: the name is sent (SNI), if it is no address.',
    },
    'proxy-ssl-protocols': {
      value: versions(),
      onInvalid: 'default',
      risk: 'low',
      default: 'TLSv1.2 TLSv1.3',
      doc: 'TLS versions that are offered.',
    },
    'proxy-ssl-ciphers': {
      value: ciphers(),
      onInvalid: 'default',
      risk: 'medium',
      default: '',
      doc: 'OpenSSL cipher list; Node’s own unless given.',
    },
  },
  routes: ['rule', 'catch-all', 'implicit-root'],
  applyToRoute: (route, _values, { endpointTls }) => {
    if (endpointTls === undefined) return route;
    if ('problem' in endpointTls) return { ...route, filters: [CLOSED] };
    const isTls = route.protocol === 'https' || route.protocol === 'grpcs';
    return isTls ? { ...route, tls: endpointTls } : route;
  },
});
