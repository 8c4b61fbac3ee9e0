import type { IpAccessConfig } from '../../model/filter-config.ts';
import { AddressList } from '../address-list.ts';
import type { Filter } from '../filter.ts';

/** Refuses clients that are denied, or that an allow-list leaves out. An empty allow-list admits nobody. */
export function ipAccess(config: IpAccessConfig): Filter {
  const denied = new AddressList(config.deny);
  const allowed = config.allow === undefined ? undefined : new AddressList(config.allow);
  return {
    phase: 'access',
    onRequest({ clientAddress }) {
      if (denied.matches(clientAddress)) return { status: 403 };
      if (allowed !== undefined && !allowed.matches(clientAddress)) return { status: 403 };
      return undefined;
    },
  };
}
