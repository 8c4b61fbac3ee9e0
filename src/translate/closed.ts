import type { FilterConfig } from '../model/filter-config.ts';

/** On a route whose guard is not honoured: nobody gets in. docs/decisions/closed-paths.md */
export const CLOSED: FilterConfig = { kind: 'deny', status: 503 };
