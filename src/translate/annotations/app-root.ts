import { matching } from '../value-parsers.ts';
import { defineFeature } from './feature.ts';

/** Sends `/` of a host elsewhere, before anything else happens on it. */
export const appRoot = defineFeature<{ 'app-root': string }>({
  annotations: {
    'app-root': {
      value: matching(
        /^\/(?!\/)[A-Za-z0-9/:._~$-]{1,1024}$/,
        'an absolute path of letters, digits and `/:._~$-`',
      ),
      onInvalid: 'default',
      risk: 'medium',
      default: '',
      doc: 'Sends requests for `/` to this path of the same host (302), on all hosts of the Ingress, whatever paths it has.',
    },
  },
  applyToVirtualHost: (host, values) => {
    const path = values['app-root'];
    if (path === undefined) return host;
    return { ...host, filters: [...host.filters, { kind: 'app-root', path }] };
  },
});
