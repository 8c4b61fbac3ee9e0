import { createSecureContext } from 'node:tls';
import type { TlsSettings } from '../../model/settings.ts';
import { boolean, integer, listOf, matching, oneOf, type ValueParser } from '../value-parsers.ts';
import { defineKeys, type KeyValues } from './key.ts';

type TlsVersion = TlsSettings['minVersion'];

interface TlsVersions {
  readonly min: TlsVersion;
  readonly max: TlsVersion;
}

const KNOWN_VERSIONS = new Set(['SSLv2', 'SSLv3', 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']);

/** Versions before 1.2 are read and left out (RFC 8996). */
function tlsVersions(): ValueParser<TlsVersions> {
  return {
    syntax: '`TLSv1.2`, `TLSv1.3` or both, between spaces; older versions are left out',
    parse: (text) => {
      const names = text.split(/\s+/);
      if (!names.every((name) => KNOWN_VERSIONS.has(name))) return undefined;
      const usable = (['TLSv1.2', 'TLSv1.3'] as const).filter((name) => names.includes(name));
      const [min] = usable;
      const max = usable.at(-1);
      return min === undefined || max === undefined ? undefined : { min, max };
    },
  };
}

/** Asked of OpenSSL itself: a list that it refuses would leave the workers without any TLS settings. */
function cipherList(): ValueParser<string> {
  const SYNTAX = /^[A-Za-z0-9!:+_-]+(@STRENGTH|@SECLEVEL=[0-5])?$/;
  return {
    syntax: 'an OpenSSL cipher list with a cipher that is known',
    parse: (text) => {
      if (!SYNTAX.test(text)) return undefined;
      try {
        createSecureContext({ ciphers: text });
        return text;
      } catch {
        return undefined; // no cipher matches
      }
    },
  };
}

export const tlsKeys = defineKeys({
  'ssl-redirect': {
    value: boolean(),
    default: 'true',
    empty: false,
    doc: 'Send plain requests for hosts that have a certificate to TLS.',
  },
  'force-ssl-redirect': {
    value: boolean(),
    default: 'false',
    empty: false,
    doc: 'Send all plain requests to TLS, those for unknown hosts too.',
  },
  'preserve-trailing-slash': {
    value: boolean(),
    default: 'false',
    empty: false,
    doc: 'Keep the trailing slash of a path that is sent to TLS, which is cut otherwise.',
  },
  'no-tls-redirect-locations': {
    value: listOf(matching(/^\/.*$/, 'a path')),
    default: '/.well-known/acme-challenge',
    empty: [],
    doc: 'Rules whose path begins with one of these texts are not sent to TLS.',
  },
  'http-redirect-code': {
    value: oneOf('301', '302', '307', '308'),
    default: '308',
    doc: 'Status of the redirect to TLS.',
  },
  hsts: {
    value: boolean(),
    default: 'true',
    empty: false,
    doc: 'Send Strict-Transport-Security over TLS, on hosts whose certificate is no generated one.',
  },
  'hsts-max-age': {
    value: integer(0),
    default: '31536000',
    doc: 'Its `max-age`, seconds.',
  },
  'hsts-include-subdomains': {
    value: boolean(),
    default: 'true',
    empty: false,
    doc: 'Its `includeSubDomains`.',
  },
  'hsts-preload': {
    value: boolean(),
    default: 'false',
    empty: false,
    doc: 'Its `preload`.',
  },
  'ssl-protocols': {
    value: tlsVersions(),
    default: 'TLSv1.2 TLSv1.3',
    doc: 'TLS versions that are offered.',
  },
  'ssl-ciphers': {
    value: cipherList(),
    default:
      'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256',
    doc: 'Ciphers of TLS 1.2.',
  },
  'ssl-reject-handshake': {
    value: boolean(),
    default: 'false',
    empty: false,
    doc: 'Refuse TLS for host names that no Ingress has, instead of presenting the default certificate.',
  },
});

type TlsValues = KeyValues<typeof tlsKeys>;

/** `defaultCertificate`: its id. */
export function tlsSettings(values: TlsValues, defaultCertificate: string): TlsSettings {
  return {
    defaultCertificate,
    rejectUnknownHosts: values['ssl-reject-handshake'],
    minVersion: values['ssl-protocols'].min,
    maxVersion: values['ssl-protocols'].max,
    ciphers: values['ssl-ciphers'],
  };
}

/** Value of Strict-Transport-Security; undefined: none is sent. */
export function hstsValue(values: TlsValues): string | undefined {
  if (!values.hsts) return undefined;
  const parts = [`max-age=${values['hsts-max-age']}`];
  if (values['hsts-include-subdomains']) parts.push('includeSubDomains');
  if (values['hsts-preload']) parts.push('preload');
  return parts.join('; ');
}
