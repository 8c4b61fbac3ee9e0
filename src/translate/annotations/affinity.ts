import { boolean, integer, matching, oneOf, oneOfAnyCase } from '../value-parsers.ts';
import { defineFeature } from './feature.ts';

const MAX_SECONDS = 3_153_600_000;

/** Clients come back to their endpoint by a cookie. */
export const affinity = defineFeature<{
  affinity: 'cookie';
  'affinity-mode': 'balanced' | 'persistent';
  'session-cookie-name': string;
  'session-cookie-path': string;
  'session-cookie-domain': string;
  'session-cookie-secure': boolean;
  'session-cookie-expires': number;
  'session-cookie-max-age': number;
  'session-cookie-samesite': 'None' | 'Lax' | 'Strict';
  'session-cookie-conditional-samesite-none': boolean;
  'session-cookie-change-on-failure': boolean;
}>({
  annotations: {
    affinity: {
      value: oneOf('cookie'),
      onInvalid: 'ignore-feature',
      risk: 'low',
      default: '',
      doc: 'A client stays with the endpoint that had its first request, by a cookie that says nothing of the endpoint’s address.',
    },
    'affinity-mode': {
      value: oneOf('balanced', 'persistent'),
      onInvalid: 'default',
      risk: 'medium',
      default: 'balanced',
      doc: '`balanced`: when endpoints come, a share of the sessions moves to them. `persistent`: a session stays as long as its endpoint exists.',
    },
    'session-cookie-name': {
      value: matching(/^[A-Za-z0-9/:._~-]+$/, 'a name of letters, digits and `/:._~-`'),
      onInvalid: 'default',
      risk: 'medium',
      default: 'INGRESSCOOKIE',
      doc: 'Name of the cookie.',
    },
    'session-cookie-path': {
      value: matching(/^[A-Za-z0-9/:._~,?&=-]+$/, 'a path of letters, digits and `/:._~,?&=-`'),
      onInvalid: 'default',
      risk: 'medium',
      default: 'path of the rule',
      doc: 'Path attribute of the cookie. The path of a rule is of no use to clients where it is a regular expression: say one then.',
    },
    'session-cookie-domain': {
      value: matching(/^[A-Za-z0-9/:._~-]+$/, 'a name of letters, digits and `/:._~-`'),
      onInvalid: 'default',
      risk: 'medium',
      default: '',
      doc: 'Domain attribute of the cookie.',
    },
    'session-cookie-secure': {
      value: boolean(),
      onInvalid: 'default',
      risk: 'low',
      default: 'false',
      doc: '`true`: the cookie is always Secure; else where the client came by TLS.',
    },
    'session-cookie-expires': {
      value: integer(0, MAX_SECONDS),
      onInvalid: 'default',
      risk: 'medium',
      default: '',
      doc: 'Seconds until the cookie expires, as its Expires attribute.',
    },
    'session-cookie-max-age': {
      value: integer(0, MAX_SECONDS),
      onInvalid: 'default',
      risk: 'medium',
      default: '',
      doc: 'Seconds until the cookie expires, as its Max-Age attribute.',
    },
    'session-cookie-samesite': {
      value: oneOfAnyCase('None', 'Lax', 'Strict'),
      onInvalid: 'default',
      risk: 'low',
      default: '',
      doc: 'SameSite attribute of the cookie.',
    },
    'session-cookie-conditional-samesite-none': {
      value: boolean(),
      onInvalid: 'default',
      risk: 'low',
      default: 'false',
      doc: 'Leaves `SameSite=None` out for clients that are known to mistake it.',
    },
    'session-cookie-change-on-failure': {
      value: boolean(),
      onInvalid: 'default',
      risk: 'low',
      default: 'false',
      doc: '`true`: where an attempt fails, the session moves to the endpoint that answers; else all attempts go to the endpoint of the session.',
    },
  },
  routes: ['rule', 'catch-all'],
  applyToRoute: (route, values, { path }) => {
    if (values.affinity === undefined) return route;
    const session = {
      mode: values['affinity-mode'] ?? 'balanced',
      changesOnFailure: values['session-cookie-change-on-failure'] ?? false,
      cookie: {
        name: values['session-cookie-name'] ?? 'INGRESSCOOKIE',
        path: values['session-cookie-path'] ?? cookiePath(path),
        domain: values['session-cookie-domain'],
        expiresSeconds: values['session-cookie-expires'],
        maxAgeSeconds: values['session-cookie-max-age'],
        secure: values['session-cookie-secure'] === true ? ('always' as const) : ('tls' as const),
        sameSite: values['session-cookie-samesite'],
        sparesOldClients: values['session-cookie-conditional-samesite-none'] ?? false,
      },
    };
    return { ...route, balancing: { ...route.balancing, session } };
  },
});

/** A rule's path as it may stand in a field: anything else would end the attribute, or the field. */
function cookiePath(path: string): string {
  return path.replace(/[^\x21-\x3a\x3c-\x7e]/gu, (character) =>
    Buffer.from(character, 'utf8').toString('hex').toUpperCase().replace(/../g, '%$&'),
  );
}
