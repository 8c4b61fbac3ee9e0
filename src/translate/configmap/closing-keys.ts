const SNIPPET = 'every path answers 503, since the text may hold rules of access';

/**
 * Keys that guard access and are not honoured: what follows from any value but their default, as half a sentence. The chart
 * refuses them in the same words, before anything is installed.
 */
export const closingKeys = {
  'global-auth-url':
    'every path answers 503, unless its Ingress has enable-global-auth "false" or it is one of no-auth-locations',
  'enable-modsecurity': 'every path answers 503, unless its Ingress has enable-modsecurity "false"',
  'http-snippet': SNIPPET,
  'server-snippet': SNIPPET,
  'location-snippet': SNIPPET,
} as const;
