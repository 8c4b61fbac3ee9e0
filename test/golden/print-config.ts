import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import type { Cluster, ProxyConfig, Route, VirtualHost } from '../../src/model/config.ts';
import { toPlain, type Plain } from '../../src/model/plain-config.ts';
import type { References } from '../../src/translate/snapshot.ts';
import { snapshotOf, caseDefaults } from './load-case.ts';
import { translate } from '../../src/translate/translate.ts';

/** What nothing at all is translated to: what a case shares with it is not worth a line. */
const { config: emptyConfig } = translate(snapshotOf([]), caseDefaults);
const emptyHost = emptyConfig.virtualHosts.get('');
const [emptyRoute] = emptyHost?.routes ?? [];

/** A config as a reviewer wants to read it: only what differs from the defaults, one line for what is one thing. */
export function printConfig(config: ProxyConfig, references: References): string {
  const printed = {
    settings: difference(toPlain(config).settings, toPlain(emptyConfig).settings),
    hosts: printHosts(config),
    clusters: printClusters(config),
    endpoints: Object.fromEntries(
      sorted(config.endpointSets).map(([id, { endpoints }]) => [
        id,
        endpoints.map(({ address, port, weight }) => {
          const place = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
          return weight === undefined ? place : `${place} weight ${weight}`;
        }),
      ]),
    ),
    certificates: sorted(config.certificates)
      .filter(([id]) => id !== 'default')
      .map(([id, { fingerprint, notAfter, ocsp }]) =>
        [
          id,
          fingerprint.slice(0, 16),
          notAfter,
          ...(ocsp === undefined ? [] : ['ocsp', ocsp.notAfter]),
        ].join(' '),
      ),
    references: {
      secrets: [...references.secrets].sort(),
      configMaps: [...references.configMaps].sort(),
      externalNames: [...references.externalNames].sort(),
      ...(references.nodes === 'none' ? {} : { nodes: references.nodes }),
      ...(references.samples === undefined ? {} : { samples: references.samples }),
    },
  };
  return stringify(withoutEmpty(printed), { lineWidth: 0, singleQuote: true });
}

function printHosts({ virtualHosts }: ProxyConfig): object {
  const hosts = sorted(virtualHosts)
    .filter(([, host]) => !isDeepStrictEqual(toPlainPart(host), toPlainPart(emptyHost)))
    .map(([name, host]) => [name, printHost(host)] as const);
  return Object.fromEntries(hosts);
}

function printHost(host: VirtualHost): object {
  const { aliases, filters, matching, certificate, hsts, passthrough, routes } = host;
  const { secondCertificate, tls } = host;
  const { clientVerification } = host;
  return {
    ...(matching === 'paths' ? {} : { matching }),
    ...(aliases.length === 0 ? {} : { aliases }),
    ...(filters.length === 0 ? {} : { filters }),
    certificate,
    ...(secondCertificate === undefined ? {} : { secondCertificate }),
    ...(tls === undefined ? {} : { tls }),
    hsts,
    passthrough,
    ...(clientVerification === undefined
      ? {}
      : {
          clientVerification: {
            ...clientVerification,
            ca: undefined,
            crls: clientVerification.crls.length,
          },
        }),
    routes: routes.map(printRoute),
  };
}

function printRoute(route: Route): object {
  const { id, labels, action, filters, sessionCookie } = route;
  const { timeouts, maxBodyBytes, retry, buffering } = route;
  const { namespace, ingress, path } = labels;
  const tuning = Object.entries({ timeouts, maxBodyBytes, retry, buffering }).filter(
    ([key, value]) => !isDeepStrictEqual(value, emptyRoute?.[key as keyof Route]),
  );
  return {
    route: id,
    ...(id.endsWith(` ${path}`) ? {} : { rule: path }),
    ...(ingress === '' ? {} : { ingress: `${namespace}/${ingress}` }),
    ...(action.kind === 'forward' ? { to: action.cluster } : { answer: action.status }),
    ...(filters.length === 0 ? {} : { filters }),
    ...Object.fromEntries(tuning),
    ...(sessionCookie === undefined ? {} : { sessionCookie }),
  };
}

/** Those that are more than round robin over plain HTTP. */
function printClusters(config: ProxyConfig): object {
  const usual = (id: string): Partial<Cluster> => ({
    id,
    endpointSet: id,
    statusWhenEmpty: 503,
    protocol: 'http',
    balancer: { kind: 'round-robin' },
  });
  const { clusters } = toPlain(config);
  const unusual = Object.entries(isRecord(clusters) ? clusters : {}).map(([id, cluster]) => {
    if (!isRecord(cluster)) return [id, cluster] as const;
    const { name, ...rest } = cluster;
    return [id, isDeepStrictEqual(rest, usual(id)) ? undefined : { name, ...rest }] as const;
  });
  return Object.fromEntries<unknown>(unusual);
}

function difference(value: Plain, usual: Plain): Plain {
  if (!isRecord(value) || !isRecord(usual)) return value;
  const changed = Object.entries(value).filter(
    ([key, each]) => !isDeepStrictEqual(each, usual[key]),
  );
  return Object.fromEntries(
    changed.map(([key, each]) => [key, difference(each, usual[key] ?? null)]),
  );
}

function isRecord(value: Plain): value is { readonly [key: string]: Plain } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sorted<T>(map: ReadonlyMap<string, T>): (readonly [string, T])[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Without identity: as JSON would have it. */
function toPlainPart(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null));
}

function withoutEmpty(value: object): unknown {
  const plain = toPlainPart(value) as object;
  return Object.fromEntries(
    Object.entries(plain)
      .map(
        ([key, each]) => [key, key === 'references' ? withoutEmpty(each as object) : each] as const,
      )
      .filter(([, each]) => !isEmpty(each)),
  );
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
