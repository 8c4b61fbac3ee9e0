import type { AppRootConfig } from '../../model/filter-config.ts';
import type { Filter } from '../filter.ts';
import { escapeUrl } from './location.ts';

/** Sends `/` to the application's start page; the query is dropped. Without a host (HTTP/1.0): 400. */
export function appRoot(config: AppRootConfig): Filter {
  const path = escapeUrl(config.path, 'utf8');
  return {
    phase: 'early',
    onRequest(context) {
      if (context.path !== '/') return undefined;
      if (context.authority === '') return { status: 400 };
      return { status: 302, location: `${context.scheme}://${context.authority}${path}` };
    },
  };
}
