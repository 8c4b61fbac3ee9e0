import type { DenyConfig } from '../../model/filter-config.ts';
import type { Filter } from '../filter.ts';

/** Lets nobody through. */
export function deny({ status }: DenyConfig): Filter {
  return { phase: 'early', onRequest: () => ({ status }) };
}
