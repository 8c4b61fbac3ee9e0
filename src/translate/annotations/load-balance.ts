import { algorithm, type Algorithm } from '../balancing.ts';
import type { ValueParser } from '../value-parsers.ts';
import { defineFeature } from './feature.ts';

/** Names of ingress-nginx's balancers that only other annotations can set up. */
const INNER = ['chash', 'chashsubset', 'sticky_balanced', 'sticky_persistent'] as const;
type Inner = (typeof INNER)[number];

function algorithmOrInner(): ValueParser<Algorithm | Inner> {
  const { syntax, parse } = algorithm();
  return { syntax, parse: (text) => INNER.find((name) => name === text) ?? parse(text) };
}

const isInner = (value: Algorithm | Inner): value is Inner => INNER.some((name) => name === value);

/** How endpoints are chosen. */
export const loadBalance = defineFeature<{ 'load-balance': Algorithm | Inner }>({
  annotations: {
    'load-balance': {
      value: algorithmOrInner(),
      // ingress-nginx drops the Ingress; a wrong word here is no reason to (annotations.yaml).
      onInvalid: 'default',
      risk: 'low',
      default: 'ConfigMap `load-balance`',
      doc: 'How endpoints are chosen, unless `affinity`, `upstream-hash-by` or the Service’s `sessionAffinity` says so. docs/balancing.md says what each value is for.',
      refuse: (value) =>
        isInner(value)
          ? {
              outcome: 'default',
              reason: `${value} is the inside of ingress-nginx: say upstream-hash-by or affinity.`,
            }
          : undefined,
    },
  },
  routes: ['rule', 'catch-all'],
  applyToRoute: (route, values) => {
    const wanted = values['load-balance'];
    if (wanted === undefined || isInner(wanted)) return route;
    return { ...route, balancing: { ...route.balancing, algorithm: wanted } };
  },
});
