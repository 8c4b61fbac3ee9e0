import { wildcardParent } from './host-name.ts';
import { objectOf, objectsOf, textOf } from './loose.ts';
import { keyOf, type Ingress, type ObjectKey } from './snapshot.ts';
import type { TranslateOptions } from './translate-options.ts';

/**
 * The candidate and those that share a name with it: what is said of the hosts that it names depends on no other Ingress.
 * In place of its older version, if there is one. A wildcard counts, since its certificate may be that of the host.
 */
export function relatedIngresses(
  candidate: Ingress,
  ingresses: ReadonlyMap<ObjectKey, Ingress>,
  { annotationsPrefix }: TranslateOptions,
): ReadonlyMap<ObjectKey, Ingress> {
  const alias = `${annotationsPrefix}/server-alias`;
  const names = new Set(namesOf(candidate, alias));
  for (const name of [...names]) names.add(wildcardParent(name) ?? name);
  const related = new Map<ObjectKey, Ingress>();
  for (const [key, ingress] of ingresses) {
    if (namesOf(ingress, alias).some((name) => names.has(name))) related.set(key, ingress);
  }
  return related.set(keyOf(candidate), candidate);
}

/** Of its rules and its aliases; `''`: requests to hosts that nobody names. */
function namesOf({ metadata, spec }: Ingress, alias: string): readonly string[] {
  const { rules, defaultBackend } = objectOf(spec) ?? {};
  const names = objectsOf(rules).map((rule) => (textOf(rule?.host) ?? '').toLowerCase());
  if (names.length === 0 && objectOf(defaultBackend) !== undefined) names.push('');
  const aliases = textOf(objectOf(metadata.annotations)?.[alias]);
  if (aliases === undefined) return names;
  return [...names, ...aliases.split(',').map((name) => name.trim().toLowerCase())];
}
