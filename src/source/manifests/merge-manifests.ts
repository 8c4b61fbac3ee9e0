import type { Finding } from '../../model/finding.ts';
import type { KindMap, Resource } from '../../translate/snapshot.ts';
import type { Manifest, ManifestObject } from './read-manifest.ts';

export interface MergedManifests {
  readonly objects: { readonly [R in Resource]: readonly KindMap[R][] };
  readonly findings: readonly Finding[];
}

/** One set of objects out of all files: where two define the same, the one that comes first counts. */
export function mergeManifests(
  files: Iterable<readonly [path: string, manifest: Manifest]>,
): MergedManifests {
  const objects = emptyTables();
  const findings: Finding[] = [];
  const seen = new Map<string, string>();
  for (const [path, manifest] of files) {
    for (const object of manifest.objects) {
      const identity = `${object.resource} ${object.key}`;
      const place = `${path}, ${object.place}`;
      const first = seen.get(identity);
      if (first === undefined) {
        seen.set(identity, place);
        add(objects, object);
      } else {
        findings.push({
          code: 'manifest-duplicate',
          object: `${object.kind} ${object.key}`,
          field: undefined,
          message: `${place}: is defined before in ${first}, and that counts; remove one of them`,
        });
      }
    }
  }
  return { objects, findings };
}

type Tables = { [R in Resource]: KindMap[R][] };

function emptyTables(): Tables {
  return {
    ingresses: [],
    ingressclasses: [],
    services: [],
    endpointslices: [],
    secrets: [],
    configmaps: [],
    namespaces: [],
    nodes: [],
  };
}

function add(tables: Tables, { resource, object }: ManifestObject): void {
  const table: KindMap[Resource][] = tables[resource];
  table.push(object);
}
