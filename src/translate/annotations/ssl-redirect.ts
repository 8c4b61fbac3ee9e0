import type { HttpsRedirectConfig } from '../../model/filter-config.ts';
import { boolean } from '../value-parsers.ts';
import { defineFeature, type AnnotationSpec } from './feature.ts';

function flag(key: string, risk: 'low' | 'medium', doc: string): AnnotationSpec<boolean> {
  return { value: boolean(), onInvalid: 'default', risk, default: `ConfigMap \`${key}\``, doc };
}

/** Sends plain requests to TLS. */
export const sslRedirect = defineFeature<{
  'ssl-redirect': boolean;
  'force-ssl-redirect': boolean;
  'preserve-trailing-slash': boolean;
}>({
  annotations: {
    'ssl-redirect': flag(
      'ssl-redirect',
      'low',
      'Where the host has a certificate, be it the default one, plain requests are sent to TLS.',
    ),
    'force-ssl-redirect': flag(
      'force-ssl-redirect',
      'medium',
      'The same without a certificate: TLS ends in front of the proxy.',
    ),
    'preserve-trailing-slash': flag(
      'preserve-trailing-slash',
      'medium',
      'That redirect keeps a trailing slash of the path, which it cuts otherwise.',
    ),
  },
  routes: ['rule', 'implicit-root', 'not-found'],
  applyToRoute: (route, values, { path, hostHasCertificate, global }) => {
    const isForced = values['force-ssl-redirect'] ?? global.values['force-ssl-redirect'];
    const isAsked = values['ssl-redirect'] ?? global.values['ssl-redirect'];
    if (!isForced && !(isAsked && hostHasCertificate)) return route;
    const exempt = global.values['no-tls-redirect-locations'];
    if (exempt.some((prefix) => path.startsWith(prefix))) return route;
    const filter: HttpsRedirectConfig = {
      kind: 'https-redirect',
      status: Number(global.values['http-redirect-code']) as HttpsRedirectConfig['status'],
      keepTrailingSlash:
        values['preserve-trailing-slash'] ?? global.values['preserve-trailing-slash'],
    };
    return { ...route, filters: [...route.filters, filter] };
  },
});
