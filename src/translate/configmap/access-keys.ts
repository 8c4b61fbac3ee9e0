import { boolean, cidrList, listOf, matching, type ValueParser } from '../value-parsers.ts';
import type { Risk } from '../annotations/feature.ts';
import { defineKeys } from './key.ts';

/** Any text; only whether there is one matters. */
const anyText = matching(/^/, 'any text');

/** A word that is none of the levels counts as the lowest. */
function riskLevel(): ValueParser<Risk> {
  const levels: readonly Risk[] = ['low', 'medium', 'high', 'critical'];
  return {
    syntax: '`Low`, `Medium`, `High` or `Critical`',
    parse: (text) => levels.find((level) => level === text.toLowerCase()) ?? 'low',
  };
}

/** Words between commas, blanks included; an empty one would block everything and is skipped. */
function words(): ValueParser<readonly string[]> {
  return {
    syntax: 'a comma separated list of words',
    parse: (text) => text.split(',').filter((word) => word !== ''),
  };
}

export const accessKeys = defineKeys({
  'whitelist-source-range': {
    value: cidrList(),
    default: '',
    empty: [],
    isGuard: true,
    doc: 'Clients that may pass, everywhere an Ingress does not say otherwise; empty: all.',
  },
  'denylist-source-range': {
    value: cidrList(),
    default: '',
    empty: [],
    isGuard: true,
    doc: 'Clients that get 403, everywhere an Ingress does not say otherwise.',
  },
  'block-cidrs': {
    value: cidrList(),
    default: '',
    empty: [],
    isGuard: true,
    doc: 'Clients that get 403 everywhere, before anything else is looked at.',
  },
  'annotations-risk-level': {
    value: riskLevel(),
    default: 'High',
    doc: 'An Ingress with an annotation of a higher risk is not served.',
  },
  'annotation-value-word-blocklist': {
    value: words(),
    default: '',
    empty: [],
    isGuard: true,
    doc: 'An Ingress with one of these words in an annotation is not served.',
  },
  'allow-cross-namespace-resources': {
    value: boolean(),
    default: 'false',
    doc: 'Whether annotations may name Secrets of other namespaces. Those of `spec.tls` are always of the Ingress’s own.',
  },
  'strict-validate-path-type': {
    value: boolean(),
    default: 'true',
    doc: 'Of the admission webhook alone: paths of the types `Exact` and `Prefix` that look like regular expressions are refused; `false`: a warning.',
  },
  'allow-snippet-annotations': {
    value: boolean(),
    default: 'false',
    empty: false,
    isGuard: true,
    doc: 'Snippets are never run. At the risk level `Critical`: `false` serves the Ingress without the text, `true` answers 503, since the text may guard access.',
  },
  'global-auth-url': {
    value: anyText,
    default: '',
    empty: '',
    isGuard: true,
    doc: 'Not honoured yet: what it would guard answers 503, unless the Ingress says `enable-global-auth: "false"` or the path is one of `no-auth-locations`.',
  },
  'no-auth-locations': {
    value: listOf(matching(/^\/.*$/, 'a path')),
    default: '/.well-known/acme-challenge',
    empty: [],
    doc: 'Rules whose path begins with one of these texts are exempt from global authentication.',
  },
  'enable-modsecurity': {
    value: boolean(),
    default: 'false',
    empty: false,
    isGuard: true,
    doc: 'Not supported: where it is `true`, every path answers 503 unless its Ingress says `enable-modsecurity: "false"`.',
  },
  'http-snippet': {
    value: anyText,
    default: '',
    empty: '',
    isGuard: true,
    doc: 'Not supported: it may guard access, so every path answers 503.',
  },
  'server-snippet': {
    value: anyText,
    default: '',
    empty: '',
    isGuard: true,
    doc: 'Not supported: it may guard access, so every path answers 503.',
  },
  'location-snippet': {
    value: anyText,
    default: '',
    empty: '',
    isGuard: true,
    doc: 'Not supported: it may guard access, so every path answers 503.',
  },
});
