import { objectOf, objectsOf, textOf } from './loose.ts';
import { keyOf, type Ingress, type ObjectKey } from './snapshot.ts';
import type { TranslateOptions } from './translate-options.ts';

type Ingresses = ReadonlyMap<ObjectKey, Ingress>;

/**
 * The candidate, in place of its older version if there is one, and those that share a name with it: what is said of the
 * hosts that it names depends on no other Ingress.
 */
export function relatedIngresses(
  candidate: Ingress,
  ingresses: Ingresses,
  { annotationsPrefix }: TranslateOptions,
): Ingresses {
  const alias = `${annotationsPrefix}/server-alias`;
  const names = new Set([...hostsOf(candidate), ...aliasesOf(candidate, alias)]);
  const related = new Map<ObjectKey, Ingress>();
  const rivals = new Set<string>();
  for (const [key, ingress] of ingresses) {
    const hosts = hostsOf(ingress);
    if (hosts.some((host) => names.has(host))) related.set(key, ingress);
    if (!aliasesOf(ingress, alias).some((name) => names.has(name))) continue;
    related.set(key, ingress);
    for (const host of hosts) rivals.add(host);
  }
  // Whether a host has an alias is for the oldest Ingress of that host to say.
  if (rivals.size > 0) addAllOf(rivals, ingresses, related);
  return related.set(keyOf(candidate), candidate);
}

function addAllOf(
  hosts: ReadonlySet<string>,
  ingresses: Ingresses,
  related: Map<ObjectKey, Ingress>,
): void {
  for (const [key, ingress] of ingresses) {
    if (hostsOf(ingress).some((host) => hosts.has(host))) related.set(key, ingress);
  }
}

/** Of its rules; `''`: requests to hosts that nobody names. */
function hostsOf({ spec }: Ingress): readonly string[] {
  const { rules, defaultBackend } = objectOf(spec) ?? {};
  const hosts = objectsOf(rules).map((rule) => (textOf(rule?.host) ?? '').toLowerCase());
  return hosts.length === 0 && objectOf(defaultBackend) !== undefined ? [''] : hosts;
}

function aliasesOf({ metadata }: Ingress, annotation: string): readonly string[] {
  const text = textOf(objectOf(metadata.annotations)?.[annotation]) ?? '';
  return text === '' ? [] : text.split(',').map((name) => name.trim().toLowerCase());
}
