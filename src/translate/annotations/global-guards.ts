import type { GlobalSettings } from '../configmap/global-settings.ts';
import { boolean } from '../value-parsers.ts';
import { defineFeature } from './feature.ts';
import { CLOSED } from '../closed.ts';

/** Closes what the ConfigMap says to guard by means that ts-nginx does not have. */
export const globalGuards = defineFeature<{
  'enable-global-auth': boolean;
  'enable-modsecurity': boolean;
}>({
  annotations: {
    'enable-global-auth': {
      value: boolean(),
      onInvalid: 'default',
      risk: 'low',
      default: 'true',
      doc: '`false` exempts the Ingress from `global-auth-url`, which is not honoured yet and closes all other paths.',
    },
    'enable-modsecurity': {
      value: boolean(),
      onInvalid: 'deny-503',
      risk: 'low',
      default: 'ConfigMap `enable-modsecurity`',
      doc: 'Not supported: `true` closes the paths of the Ingress, `false` exempts it from the ConfigMap key.',
      refuse: (isAsked) =>
        isAsked
          ? {
              outcome: 'deny-503',
              reason: 'There is no ModSecurity here that could look at the requests.',
            }
          : undefined,
    },
  },
  routes: ['rule', 'implicit-root', 'catch-all'],
  applyToRoute: (route, values, { path, global }) => {
    const isClosed =
      closesEverything(global) ||
      (needsAuth(global, path) && values['enable-global-auth'] !== false) ||
      (needsWaf(global) && values['enable-modsecurity'] !== false);
    return isClosed ? { ...route, filters: [CLOSED, ...route.filters] } : route;
  },
});

function closesEverything({ values, brokenGuards }: GlobalSettings): boolean {
  return (
    values['http-snippet'] !== '' ||
    values['server-snippet'] !== '' ||
    values['location-snippet'] !== '' ||
    brokenGuards.has('block-cidrs')
  );
}

function needsAuth({ values }: GlobalSettings, path: string): boolean {
  if (values['global-auth-url'] === '') return false;
  return !values['no-auth-locations'].some((prefix) => path.startsWith(prefix));
}

function needsWaf({ values, brokenGuards }: GlobalSettings): boolean {
  return values['enable-modsecurity'] || brokenGuards.has('enable-modsecurity');
}
