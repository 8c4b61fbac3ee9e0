import type { Finding } from '../../model/finding.ts';
import type { Resource } from '../../translate/snapshot.ts';
import { apiKinds, describe } from './watch-target.ts';
import { CREDIBLE_REFUSALS, type Watcher } from './watcher.ts';

/** What of a watcher tells how far it got. */
export type WatchState = Pick<Watcher, 'target' | 'listedAt' | 'trouble'>;

/**
 * What may be forbidden for good without keeping us from being ready: a cluster may grant no IngressClasses (then they are
 * matched by name and annotation), one Secret out of reach must not stop the others' traffic, and Nodes are needed for some
 * Services at most. Everything else we would serve wrongly without.
 */
const DISPENSABLE: ReadonlySet<Resource> = new Set(['ingressclasses', 'secrets', 'nodes']);

/**
 * Those that the first complete state still waits for. A refusal is believed when it came after everything else could be
 * read: a server that has just started forbids everything until it has read its roles.
 */
export function unsettledOf(watchers: readonly WatchState[]): WatchState[] {
  const needed = watchers.filter(({ target }) => !DISPENSABLE.has(target.resource));
  const neededAt = Math.max(...needed.map(({ listedAt }) => listedAt ?? Infinity));
  return watchers.filter(({ target, listedAt, trouble }) => {
    const isDispensed = DISPENSABLE.has(target.resource) && (trouble?.refusals ?? 0) > 0;
    return listedAt === undefined && !(isDispensed && (trouble?.at ?? 0) > neededAt);
  });
}

/** It was refused and has never been read, so nothing is known of it. */
export function isForbiddenUnread({ listedAt, trouble }: WatchState): boolean {
  return listedAt === undefined && (trouble?.refusals ?? 0) > 0;
}

/** For people who wait: `ingresses: first list not complete (connection refused)`. */
export function explainUnsettled({ target, trouble }: WatchState): string {
  return `${describe(target)}: first list not complete (${trouble?.reason ?? 'under way'})`;
}

export function findingsOf({ target, trouble }: WatchState): Finding[] {
  if (trouble === undefined || trouble.refusals < CREDIBLE_REFUSALS) return [];
  const { group } = apiKinds[target.resource];
  const resource = group === '' ? target.resource : `${target.resource}.${group}`;
  const scope = target.namespace === undefined ? '' : ` in namespace ${target.namespace}`;
  return [
    {
      code: 'source-forbidden',
      object: target.name === undefined ? `Resource ${resource}` : describe(target),
      field: undefined,
      message:
        `The API server does not allow ${trouble.verb} of ${resource}${scope} (${trouble.reason}). ` +
        `${EFFECTS[target.resource] ?? 'What was read before serves on, changes are not seen'}. ` +
        'Grant list and watch to the ServiceAccount; it is tried again by itself.',
      right: { verb: trouble.verb, resource },
    },
  ];
}

const EFFECTS: { readonly [R in Resource]?: string } = {
  ingressclasses:
    'Ingresses are selected by their annotation and by the name of their class: that of --ingress-class is ours',
  nodes:
    'Services that are reached by the ports of Nodes answer 503, and the hints of EndpointSlices for zones are not followed',
  secrets: 'Unless it was read before, what refers to it goes without',
};
