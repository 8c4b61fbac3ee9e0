import { createHash } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { Sensitive } from '../../model/sensitive.ts';
import type { Finding } from '../../model/finding.ts';
import type { TicketKey, TlsSettings } from '../../model/settings.ts';
import { finding } from '../finding.ts';
import { isObjectName } from '../object-name.ts';
import type { ObjectKey } from '../snapshot.ts';
import { cipherProblem, isDheAlone, tlsCiphers } from '../tls-ciphers.ts';
import {
  boolean,
  duration,
  integer,
  listOf,
  matching,
  oneOf,
  size,
  type ValueParser,
} from '../value-parsers.ts';
import { defineKeys, type KeyValues } from './key.ts';

const DEFAULT_CIPHERS =
  'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256';

type TlsVersion = TlsSettings['minVersion'];

interface TlsVersions {
  readonly min: TlsVersion;
  readonly max: TlsVersion;
  /** Asked for, and not spoken. */
  readonly leftOut: readonly string[];
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
      if (min === undefined || max === undefined) return undefined;
      const leftOut = names.filter((name) => !usable.some((each) => each === name));
      return { min, max, leftOut };
    },
  };
}

/** Asked of OpenSSL itself, as with ciphers. */
function groupList(): ValueParser<string> {
  return {
    syntax: '`auto`, or names of groups that OpenSSL knows between colons, as in `X25519:P-256`',
    parse: (text) => {
      if (!/^[A-Za-z0-9][A-Za-z0-9:_-]*$/.test(text)) return undefined;
      try {
        createSecureContext({ ecdhCurve: text });
        return text;
      } catch {
        return undefined;
      }
    },
  };
}

/** Records of TLS hold up to 16 KiB, and OpenSSL makes none of less than 512 bytes. */
function recordSize(): ValueParser<number | 'none'> {
  const bytes = size();
  return {
    syntax: `${bytes.syntax}, from 512 to 16k`,
    parse: (text) => {
      const value = bytes.parse(text);
      return value !== undefined && value >= 512 && value <= 16_384 ? value : undefined;
    },
  };
}

function ticketKey(): ValueParser<TicketKey | 'none'> {
  return {
    syntax: '48 or 80 random bytes in Base64',
    parse: (text) => {
      const bytes = Buffer.from(text, 'base64');
      const isWhole = bytes.toString('base64') === text;
      if (!isWhole || (bytes.length !== 48 && bytes.length !== 80)) return undefined;
      const fingerprint = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
      return { fingerprint, value: new Sensitive(text) };
    },
  };
}

function secretName(): ValueParser<ObjectKey> {
  return {
    syntax: '`namespace/name` of a Secret',
    parse: (text) => {
      const parts = text.split('/');
      return parts.length === 2 && parts.every(isObjectName) ? text : undefined;
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
    value: tlsCiphers(),
    default: DEFAULT_CIPHERS,
    doc: 'Ciphers of TLS 1.2. Only ECDHE and DHE with AES-GCM or ChaCha20-Poly1305 are offered of it; `@SECLEVEL` and `@STRENGTH` are not obeyed.',
  },
  'ssl-ecdh-curve': {
    value: groupList(),
    default: 'auto',
    doc: 'Groups of the key exchange, the first preferred. `auto`: what OpenSSL has, hybrids against quantum computers first.',
  },
  'ssl-dh-param': {
    value: secretName(),
    default: '',
    empty: '',
    doc: 'Secret whose `dhparam.pem` holds the parameters of DHE ciphers. Without it, none of them is offered.',
  },
  'ssl-session-cache': {
    value: boolean(),
    default: 'true',
    empty: false,
    doc: 'Accepted either way: there is no cache of sessions, and tickets do what it is for (docs/tls.md).',
  },
  'ssl-session-timeout': {
    value: duration(),
    default: '10m',
    doc: 'How long a session can be resumed.',
  },
  'ssl-session-tickets': {
    value: boolean(),
    default: 'false',
    empty: false,
    doc: 'Resume sessions by tickets, of TLS 1.2 and 1.3, each for its host alone. Never on hosts that ask for client certificates.',
  },
  'ssl-session-ticket-key': {
    value: ticketKey(),
    isSensitive: true,
    default: '',
    empty: 'none' as const,
    doc: 'What the keys of tickets are made of, so that replicas resume each other’s sessions. Without it each replica makes one, and another each hour.',
  },
  'ssl-buffer-size': {
    value: recordSize(),
    default: '',
    empty: 'none' as const,
    doc: 'Longest TLS record that is sent. Without it records are as long as what there is to send, up to 16 KiB.',
  },
  'ssl-reject-handshake': {
    value: boolean(),
    default: 'false',
    empty: false,
    doc: 'Refuse TLS for host names that no Ingress has, instead of presenting the default certificate.',
  },
});

type TlsValues = KeyValues<typeof tlsKeys>;

export interface TlsContext {
  /** Its id. */
  readonly defaultCertificate: string;
  /** PEM. */
  readonly dhParameters: string | undefined;
}

export function tlsSettings(values: TlsValues, context: TlsContext): TlsSettings {
  const recordBytes = values['ssl-buffer-size'];
  return {
    ...context,
    rejectUnknownHosts: values['ssl-reject-handshake'],
    minVersion: values['ssl-protocols'].min,
    maxVersion: values['ssl-protocols'].max,
    ciphers: values['ssl-ciphers'].ciphers || DEFAULT_CIPHERS,
    groups: values['ssl-ecdh-curve'],
    tickets: ticketSettings(values),
    recordBytes: recordBytes === 'none' ? undefined : recordBytes,
  };
}

/** What of `ssl-ciphers` is not in effect, or leaves TLS 1.2 without a cipher. */
export function reportCiphers(object: string, values: TlsValues): readonly Finding[] {
  const list = values['ssl-ciphers'];
  const field = 'data[ssl-ciphers]';
  const findings: Finding[] = [];
  const problem = cipherProblem(list);
  if (problem !== undefined) {
    findings.push(
      list.ciphers === ''
        ? finding('configmap-key-invalid', object, field, `${problem}. Its default holds.`)
        : finding('configmap-key-unsupported', object, field, `${problem}.`),
    );
  }
  if (isDheAlone(list) && values['ssl-dh-param'] === '') {
    const refused =
      values['ssl-protocols'].max === 'TLSv1.2'
        ? 'and ssl-protocols has TLS 1.2 alone: all TLS is refused'
        : 'and clients without TLS 1.3 are refused';
    const message = `It has DHE ciphers alone, none of which is offered without ssl-dh-param, ${refused}. Add an ECDHE cipher.`;
    findings.push(finding('configmap-key-unsupported', object, field, message));
  }
  return findings;
}

function ticketSettings(values: TlsValues): TlsSettings['tickets'] {
  if (!values['ssl-session-tickets']) return 'off';
  const key = values['ssl-session-ticket-key'];
  return {
    lifetimeMs: values['ssl-session-timeout'],
    key: key === 'none' ? undefined : key,
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
