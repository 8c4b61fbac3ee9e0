import { ApiError } from '../api-error.ts';
import type { ObjectApi } from '../api-writer.ts';
import { OTHER_PODS, type ForbiddenWrites } from '../forbidden-writes.ts';
import { readControllerPods } from './controller-pods.ts';

interface PodsCheckDeps {
  readonly api: ObjectApi;
  readonly forbidden: ForbiddenWrites;
}

/**
 * Who stops last empties the statuses, and has to look at the pods for that: a right that nobody can grant any more by then.
 * So it is tried before, until the API server answers.
 */
export function createPodsCheck(
  { api, forbidden }: PodsCheckDeps,
  { namespace, pod }: { readonly namespace: string; readonly pod: string },
): () => Promise<void> {
  let isAllowed = false;
  return async () => {
    if (isAllowed || forbidden.isPaused(OTHER_PODS, namespace)) return;
    try {
      await readControllerPods(api, namespace, pod);
      isAllowed = true;
      forbidden.allowed(OTHER_PODS, namespace);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 403) return; // tried again with the next addresses
      const right = { verb: 'list', resource: 'pods', ...error.right };
      forbidden.refused({ ...right, namespace, what: OTHER_PODS }, error);
    }
  };
}
