import type { FilterConfig } from '../../model/filter-config.ts';
import type { Filter } from '../filter.ts';
import { appRoot } from './app-root.ts';
import { deny } from './deny.ts';
import { httpsRedirect } from './https-redirect.ts';
import { ipAccess } from './ip-access.ts';
import { redirect } from './redirect.ts';
import { rewritePath } from './rewrite-path.ts';

/** Throws where a config can't be made real (a pattern, an address): translate/ lets none through. */
export function createFilter(config: FilterConfig): Filter {
  switch (config.kind) {
    case 'deny':
      return deny(config);
    case 'redirect':
      return redirect(config);
    case 'https-redirect':
      return httpsRedirect(config);
    case 'app-root':
      return appRoot(config);
    case 'rewrite-path':
      return rewritePath(config);
    case 'ip-access':
      return ipAccess(config);
  }
}
