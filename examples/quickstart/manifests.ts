import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { EndpointSlice, Ingress, KubernetesObject } from '../../src/translate/snapshot.ts';

/** An address that the manifests send requests to, and where a demo backend must therefore listen. */
export interface BackendAddress {
  /** `demo/web`. */
  readonly service: string;
  readonly address: string;
  readonly port: number;
}

const SERVICE_LABEL = 'kubernetes.io/service-name';

/** What the EndpointSlices of a folder's manifests name. */
export async function readBackends(folder: string): Promise<BackendAddress[]> {
  const slices = await readKind<EndpointSlice>(folder, 'EndpointSlice');
  return slices.flatMap(({ metadata, endpoints, ports }) =>
    (endpoints ?? []).flatMap(({ addresses }) =>
      (addresses ?? []).flatMap((address) =>
        (ports ?? []).map(({ port }) => ({
          service: `${metadata.namespace ?? 'default'}/${metadata.labels?.[SERVICE_LABEL] ?? ''}`,
          address,
          port: port ?? 0,
        })),
      ),
    ),
  );
}

/** The Ingresses through which a request for `host` can have come to a Service: `demo/paths`. */
export async function findIngresses(
  folder: string,
  host: string,
  service: string,
): Promise<string[]> {
  const ingresses = await readKind<Ingress>(folder, 'Ingress');
  return ingresses
    .map(({ metadata, spec }) => ({ namespace: metadata.namespace ?? 'default', metadata, spec }))
    .filter(({ namespace, spec }) =>
      (spec?.rules ?? []).some(
        (rule) =>
          covers(rule.host ?? '', host) &&
          (rule.http?.paths ?? []).some(
            ({ backend }) => `${namespace}/${backend?.service?.name ?? ''}` === service,
          ),
      ),
    )
    .map(({ namespace, metadata }) => `${namespace}/${metadata.name}`);
}

/** A wildcard covers one label. */
function covers(ruleHost: string, host: string): boolean {
  if (!ruleHost.startsWith('*.')) return ruleHost === host;
  return host.slice(host.indexOf('.')) === ruleHost.slice(1);
}

async function readKind<T extends KubernetesObject>(folder: string, kind: string): Promise<T[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml'));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts
    .flatMap((text) => [...parseAllDocuments(text)])
    .filter(({ errors }) => errors.length === 0)
    .map((document) => document.toJS() as T | null)
    .filter((object): object is T => object?.kind === kind);
}
