import type { FilterConfig } from '../../model/filter-config.ts';
import { cidrList } from '../value-parsers.ts';
import { defineFeature } from './feature.ts';
import { CLOSED } from '../closed.ts';

/** Who may pass, by address. Each list takes the place of the ConfigMap's. */
export const ipAccess = defineFeature<{
  'denylist-source-range': readonly string[];
  'allowlist-source-range': readonly string[];
}>({
  annotations: {
    'denylist-source-range': {
      value: cidrList(),
      onInvalid: 'deny-503',
      risk: 'medium',
      default: 'ConfigMap `denylist-source-range`',
      doc: 'Clients that get 403.',
    },
    'allowlist-source-range': {
      value: cidrList(),
      onInvalid: 'deny-503',
      risk: 'medium',
      default: 'ConfigMap `whitelist-source-range`',
      aliases: ['whitelist-source-range'],
      emptyIsInvalid: true,
      doc: 'The only clients that may pass; others get 403. A list of denied clients is looked at first.',
    },
  },
  routes: ['rule', 'implicit-root', 'catch-all'],
  applyToRoute: (route, values, { global }) => {
    const ownDeny = values['denylist-source-range'];
    const ownAllow = values['allowlist-source-range'];
    const isBroken =
      (ownDeny === undefined && global.brokenGuards.has('denylist-source-range')) ||
      (ownAllow === undefined && global.brokenGuards.has('whitelist-source-range'));
    if (isBroken) return { ...route, filters: [CLOSED, ...route.filters] };
    const deny = ownDeny ?? global.values['denylist-source-range'];
    const allow = ownAllow ?? global.values['whitelist-source-range'];
    if (deny.length === 0 && allow.length === 0) return route;
    const filter: FilterConfig = {
      kind: 'ip-access',
      deny,
      allow: allow.length === 0 ? undefined : allow,
    };
    return { ...route, filters: [...route.filters, filter] };
  },
});
