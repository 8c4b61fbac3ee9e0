import { patternProblem } from '../pattern-problem.ts';
import { boolean, integer, matching, oneOf, type ValueParser } from '../value-parsers.ts';
import { defineFeature, type Values } from './feature.ts';

interface AuthTlsAnnotations {
  'auth-tls-secret': string;
  'auth-tls-verify-client': 'on' | 'off' | 'optional' | 'optional_no_ca';
  'auth-tls-verify-depth': number;
  'auth-tls-pass-certificate-to-upstream': boolean;
  'auth-tls-error-page': string;
  'auth-tls-match-cn': string;
}

export type AuthTlsValues = Values<AuthTlsAnnotations>;

function subjectPattern(): ValueParser<string> {
  return {
    syntax: 'a regular expression (RE2) that begins with `CN=`',
    parse: (text) => {
      const isUsable = text.startsWith('CN=') && !text.includes('\n');
      return isUsable && patternProblem(text) === undefined ? text : undefined;
    },
  };
}

const ERROR_PAGE =
  /^(@[A-Za-z0-9_-]+|((https?:\/\/)?[A-Za-z0-9.-]+(:\d+)?)?(\/[A-Za-z0-9._-]+)*\/?)$/;

/**
 * Certificates of clients. They are decided on for a whole host, and not without the Secret: `client-verification.ts` does
 * that.
 */
export const authTls = defineFeature<AuthTlsAnnotations>({
  annotations: {
    'auth-tls-secret': {
      value: matching(/^[A-Za-z0-9/:._~ -]+$/, 'the `namespace/name` of a Secret'),
      onInvalid: 'drop-ingress',
      risk: 'medium',
      default: '',
      doc: '`namespace/name` of a Secret, of the Ingress’s own namespace unless `allow-cross-namespace-resources` is on: `ca.crt` has the CAs that client certificates are checked against, `ca.crl` what these have revoked. It holds for the whole host; the oldest Ingress of the host with this annotation decides. While the Secret is missing or broken all of the host answers 403. Plain HTTP is redirected to TLS, or answered 403. See docs/client-certificates.md.',
    },
    'auth-tls-verify-client': {
      value: oneOf('on', 'off', 'optional', 'optional_no_ca'),
      onInvalid: 'default',
      risk: 'medium',
      default: 'on',
      doc: '`on`: a good certificate is required. `optional`: a good one or none. `optional_no_ca`: any or none, and `ssl-client-verify` tells endpoints what was found. `off`: none is asked for. But for `off`, it closes the host where there is no `auth-tls-secret`.',
    },
    'auth-tls-verify-depth': {
      value: integer(0, 100),
      onInvalid: 'default',
      risk: 'low',
      default: '1',
      doc: 'Most CA certificates between the client’s and the root; `0` means 1.',
    },
    'auth-tls-pass-certificate-to-upstream': {
      value: boolean(),
      onInvalid: 'drop-ingress',
      risk: 'low',
      default: 'false',
      doc: '`true`: endpoints get the client’s certificate in `ssl-client-cert`, as URL-encoded PEM.',
    },
    'auth-tls-error-page': {
      value: matching(ERROR_PAGE, 'a URL, or an absolute path'),
      onInvalid: 'drop-ingress',
      risk: 'high',
      default: '',
      doc: 'In place of the answer 400. A URL: clients are sent there (302). A path of the host: that path is served, without a certificate; `GET` and `HEAD` only.',
      refuse: (page) =>
        page.startsWith('@')
          ? {
              outcome: 'partly',
              reason:
                'Names of nginx locations mean nothing here: the answer stays 400. Give a URL, or a path of the host.',
            }
          : undefined,
    },
    'auth-tls-match-cn': {
      value: subjectPattern(),
      onInvalid: 'drop-ingress',
      risk: 'high',
      default: '',
      doc: 'Searched, `CN=` included, anywhere in the subject of the client’s certificate, case-sensitive. Who does not match, or has no certificate, gets 403. `CN=(a|b)$` also matches within other values: write what no other subject of the CA holds.',
    },
  },
});
