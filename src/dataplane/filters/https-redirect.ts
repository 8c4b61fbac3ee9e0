import type { HttpsRedirectConfig } from '../../model/filter-config.ts';
import type { Filter } from '../filter.ts';
import { escapeUrl } from './location.ts';

/**
 * Sends plaintext requests to the same URL over TLS. Only the slash that ends the whole target is cut, so never one within or
 * before a query. Without a host (HTTP/1.0) there is nowhere to send them: 400.
 */
export function httpsRedirect({ status, keepTrailingSlash }: HttpsRedirectConfig): Filter {
  return {
    phase: 'early',
    onRequest({ scheme, host, target, query }) {
      if (scheme === 'https') return undefined;
      if (host === '') return { status: 400 };
      // `OPTIONS *` has no path.
      const whole = target === '*' ? '' : target;
      const cut = !keepTrailingSlash && query === '' && whole.endsWith('/');
      const kept = cut ? whole.slice(0, -1) : whole;
      return { status, location: `https://${host}${escapeUrl(kept, 'latin1')}` };
    },
  };
}
