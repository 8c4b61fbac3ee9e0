import type { Finding } from '../model/finding.ts';
import { translateConfigMap, type GlobalSettings } from './configmap/global-settings.ts';
import { parseIngress } from './parsed-ingress.ts';
import { relatedIngresses } from './related-ingresses.ts';
import { keyOf, type Ingress, type ObjectKey, type Snapshot } from './snapshot.ts';
import { memoryOf, translate } from './translate.ts';
import type { TranslateOptions } from './translate-options.ts';

/** What translation would say of an Ingress if it was among the objects of now. */
export interface IngressTrial {
  /** All findings about it. */
  readonly findings: readonly Finding[];
  /** Those of them that tell of a path which it has twice itself. */
  readonly ownConflicts: readonly Finding[];
  /** Paths that others have now, and that it would take. */
  readonly taken: readonly Finding[];
  /** That it names. One that is not in the snapshot may be missing, or nobody has named it before. */
  readonly secrets: readonly ObjectKey[];
  readonly global: GlobalSettings;
}

/**
 * Translates the snapshot with the candidate put in, or in the place of its older version, as far as the two depend on each
 * other. What the running translation with the same options knows is used, and left as it is.
 */
export function tryIngress(
  candidate: Ingress,
  snapshot: Snapshot,
  options: TranslateOptions,
): IngressTrial {
  const memory = memoryOf(options);
  const key = keyOf(candidate);
  const object = `Ingress ${key}`;
  const run = (ingresses: Snapshot['ingresses']): readonly Finding[] =>
    memory.trial(() => translate({ ...snapshot, ingresses }, options).findings);
  const among = run(relatedIngresses(candidate, snapshot.ingresses, options));
  const findings = among.filter((finding) => finding.object === object);
  const conflicts = findings.filter(({ code }) => code === 'path-conflict');
  // What stays when all other Ingresses are gone is nobody else's doing.
  const alone = conflicts.length === 0 ? [] : run(new Map([[key, candidate]])).map(identify);
  const configMap = snapshot.configMaps.get(options.configMap ?? '');
  const { global } = memory.trial(() =>
    memory.configMaps.get('', [configMap], () => translateConfigMap(options.configMap, configMap)),
  );
  const { secrets } = parseIngress(candidate, { options, global });
  return {
    findings,
    ownConflicts: conflicts.filter((finding) => alone.includes(identify(finding))),
    taken: takenPaths(object, among, memory.lastFindings),
    secrets,
    global,
  };
}

/** Conflicts that others lose to this Ingress, and that nobody has now. */
function takenPaths(
  object: string,
  among: readonly Finding[],
  now: readonly Finding[],
): readonly Finding[] {
  const lost = among.filter(
    (finding) =>
      finding.code === 'path-conflict' &&
      finding.object !== object &&
      finding.message.startsWith(`The ${object},`),
  );
  if (lost.length === 0) return [];
  const known = new Set(now.filter(({ code }) => code === 'path-conflict').map(identify));
  return lost.filter((finding) => !known.has(identify(finding)));
}

function identify({ object, field, message }: Finding): string {
  return JSON.stringify([object, field, message]);
}
