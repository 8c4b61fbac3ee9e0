import { boolean, matching } from '../value-parsers.ts';
import { defineFeature } from './feature.ts';

/** Rules whose path is a regular expression, and what endpoints see instead of the path. Either makes all rules of the host patterns. */
export const rewriteTarget = defineFeature<{ 'rewrite-target': string; 'use-regex': boolean }>({
  annotations: {
    'rewrite-target': {
      value: matching(
        /^\/?[A-Za-z0-9/:._~$-]{0,1024}$/,
        'a path of letters, digits and `/:._~-`, with `$1` to `$9` for the groups of the rule',
      ),
      onInvalid: 'default',
      risk: 'medium',
      default: '',
      doc: "Replaces the path where the rule's path, as a regular expression, is found in it; the query stays. All rules of the host become regular expressions.",
    },
    'use-regex': {
      value: boolean(),
      onInvalid: 'default',
      risk: 'low',
      default: 'false',
      doc: 'The paths of the rules are regular expressions (RE2 syntax), case-insensitive and anchored at the start; all rules of the host become such.',
    },
  },
  applyToRoute: (route, values, { path }) => {
    const target = values['rewrite-target'];
    const isRewritten = target !== undefined && target !== path;
    if (!isRewritten)
      return { ...route, isPattern: route.isPattern || values['use-regex'] === true };
    const replacement = target.startsWith('/') ? target : `/${target}`;
    return {
      ...route,
      isPattern: true,
      filters: [...route.filters, { kind: 'rewrite-path', pattern: path, replacement }],
    };
  },
});
