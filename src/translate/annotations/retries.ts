import { retryConditions, retryPolicy, unhonouredConditions } from '../configmap/route-keys.ts';
import { integer } from '../value-parsers.ts';
import { defineFeature } from './feature.ts';

/** When an exchange goes to another endpoint. */
export const retries = defineFeature<{
  'proxy-next-upstream': readonly string[];
  'proxy-next-upstream-tries': number;
}>({
  annotations: {
    'proxy-next-upstream': {
      value: retryConditions(),
      onInvalid: 'default',
      risk: 'medium',
      default: 'ConfigMap `proxy-next-upstream`',
      doc: 'Conditions for another attempt. `error`, `timeout` and `off` are acted upon, others not yet.',
      refuse: (conditions) => {
        const ignored = unhonouredConditions(conditions);
        if (ignored.length === 0) return undefined;
        const reason = `Attempts are repeated after errors and timeouts alone: ${ignored.join(', ')} is not honoured yet.`;
        return { outcome: 'partly', reason };
      },
    },
    'proxy-next-upstream-tries': {
      value: integer(0, 1_000),
      onInvalid: 'default',
      risk: 'low',
      default: 'ConfigMap `proxy-next-upstream-tries`',
      doc: 'Attempts in all; `0` means 16.',
    },
  },
  routes: ['rule', 'catch-all'],
  applyToRoute: (route, values, { global }) => ({
    ...route,
    retry: retryPolicy({
      'proxy-next-upstream': values['proxy-next-upstream'] ?? global.values['proxy-next-upstream'],
      'proxy-next-upstream-tries':
        values['proxy-next-upstream-tries'] ?? global.values['proxy-next-upstream-tries'],
    }),
  }),
});
