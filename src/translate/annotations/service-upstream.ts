import { boolean, type ValueParser } from '../value-parsers.ts';
import { defineFeature } from './feature.ts';

type Wish = boolean | 'unreadable';

/** What can't be read means `false`, also where the ConfigMap says `true`. */
function booleanOrUnreadable(): ValueParser<Wish> {
  const { syntax, parse } = boolean();
  return { syntax, parse: (text) => parse(text) ?? 'unreadable' };
}

/** Exchanges go to the cluster IP of the Service, as one endpoint. */
export const serviceUpstream = defineFeature<{ 'service-upstream': Wish }>({
  annotations: {
    'service-upstream': {
      value: booleanOrUnreadable(),
      onInvalid: 'default',
      risk: 'low',
      default: 'ConfigMap `service-upstream`',
      doc: '`true`: exchanges go to the Service’s cluster IP and port, as one endpoint, so that `load-balance`, `upstream-hash-by` and `affinity` have nothing to choose from; a headless Service keeps its endpoints. `false`: as the Service and `--upstream-address` say, whatever the ConfigMap does (docs/upstream-address.md).',
      refuse: (value) =>
        value === 'unreadable'
          ? {
              outcome: 'partly',
              code: 'annotation-invalid',
              reason: `It is not ${boolean().syntax}, and counts as false.`,
            }
          : undefined,
    },
  },
  routes: ['rule', 'catch-all'],
  applyToRoute: (route, values, { global }) => {
    const wish = values['service-upstream'];
    if (wish === undefined) return route;
    // Where the ConfigMap asks for nothing, there is nothing to undo.
    if (wish !== true && !global.values['service-upstream']) return route;
    return { ...route, serviceUpstream: wish === true };
  },
});
