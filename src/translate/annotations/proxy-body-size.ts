import { sizeLimit } from '../value-parsers.ts';
import { defineFeature } from './feature.ts';

/** How much a client may send. */
export const proxyBodySize = defineFeature<{ 'proxy-body-size': number | 'none' }>({
  annotations: {
    'proxy-body-size': {
      value: sizeLimit(),
      onInvalid: 'default',
      risk: 'medium',
      default: 'ConfigMap `proxy-body-size`',
      doc: 'Longest request body; more is answered 413.',
    },
  },
  routes: ['rule', 'catch-all'],
  applyToRoute: (route, values) => {
    const maxBodyBytes = values['proxy-body-size'];
    return maxBodyBytes === undefined ? route : { ...route, maxBodyBytes };
  },
});
