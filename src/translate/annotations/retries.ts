import { retryConditions, retryPolicy } from '../configmap/route-keys.ts';
import { integer, seconds } from '../value-parsers.ts';
import { defineFeature, isAnySet } from './feature.ts';

/** When an exchange goes to another endpoint. */
export const retries = defineFeature<{
  'proxy-next-upstream': readonly string[];
  'proxy-next-upstream-tries': number;
  'proxy-next-upstream-timeout': number;
}>({
  annotations: {
    'proxy-next-upstream': {
      value: retryConditions(),
      onInvalid: 'default',
      risk: 'medium',
      default: 'ConfigMap `proxy-next-upstream`',
      doc: 'Conditions for another attempt, on another endpoint where there is one. POST, PATCH and the like are sent again only with `non_idempotent`.',
    },
    'proxy-next-upstream-tries': {
      value: integer(0, 1_000),
      onInvalid: 'default',
      risk: 'low',
      default: 'ConfigMap `proxy-next-upstream-tries`',
      doc: 'Attempts in all; `0` means 16.',
    },
    'proxy-next-upstream-timeout': {
      value: seconds(0),
      onInvalid: 'default',
      risk: 'low',
      default: 'ConfigMap `proxy-next-upstream-timeout`',
      doc: 'How long after the first attempt others may begin; `0`: no limit.',
    },
  },
  routes: ['rule', 'catch-all'],
  applyToRoute: (route, values, { global }) => {
    if (!isAnySet(values)) return route;
    const retry = retryPolicy({
      'proxy-next-upstream': values['proxy-next-upstream'] ?? global.values['proxy-next-upstream'],
      'proxy-next-upstream-tries':
        values['proxy-next-upstream-tries'] ?? global.values['proxy-next-upstream-tries'],
      'proxy-next-upstream-timeout':
        values['proxy-next-upstream-timeout'] ?? global.values['proxy-next-upstream-timeout'],
      'retry-non-idempotent': global.values['retry-non-idempotent'],
    });
    return { ...route, retry };
  },
});
