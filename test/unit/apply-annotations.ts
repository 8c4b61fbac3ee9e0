import type {
  HostDraft,
  RouteContext,
  RouteDraft,
} from '../../src/translate/annotations/feature.ts';
import { features } from '../../src/translate/annotations/index.ts';
import {
  readAnnotations,
  type Standing,
} from '../../src/translate/annotations/read-annotations.ts';
import { translateConfigMap } from '../../src/translate/configmap/global-settings.ts';
import { sampleConfigMap } from '../golden/sample-objects.ts';
import { defaultBuffering, defaultRetry } from '../blackbox/harness/default-settings.ts';

const PREFIX = 'nginx.ingress.kubernetes.io';

interface Circumstances extends Partial<Omit<RouteContext, 'global'>> {
  readonly configMap?: Readonly<Record<string, string>>;
}

export interface Applied {
  readonly standing: Standing;
  readonly route: RouteDraft;
  readonly host: HostDraft;
  /** `code name` of each finding; the name without the prefix. */
  readonly findings: readonly string[];
}

const plainRoute: RouteDraft = {
  filters: [],
  timeouts: { connectMs: 5_000, sendMs: 60_000, readMs: 60_000 },
  maxBodyBytes: 1_048_576,
  retry: defaultRetry,
  buffering: defaultBuffering,
  protocol: 'http',
  tls: undefined,
  balancing: { algorithm: 'round_robin', hash: undefined, session: undefined },
  serviceUpstream: undefined,
  isPattern: false,
};

/** What annotations (without prefix) make of a route and of its host, through all features. */
export function applyAnnotations(
  annotations: Readonly<Record<string, string>>,
  { configMap = {}, ...given }: Circumstances = {},
): Applied {
  const { global } = translateConfigMap('ingress/settings', sampleConfigMap(configMap));
  const context: RouteContext = {
    kind: 'rule',
    path: '/',
    hostHasCertificate: false,
    endpointTls: undefined,
    ...given,
    global,
  };
  const prefixed = Object.entries(annotations).map(
    ([name, value]) => [`${PREFIX}/${name}`, value] as const,
  );
  const reading = readAnnotations(Object.fromEntries(prefixed), {
    object: 'Ingress shop/web',
    prefix: PREFIX,
    global,
  });
  let route = plainRoute;
  let host: HostDraft = { aliases: [], filters: [] };
  for (const feature of features) {
    const values = reading.values.get(feature) ?? {};
    if ((feature.routes ?? ['rule']).includes(context.kind)) {
      route = feature.applyToRoute?.(route, values, context) ?? route;
    }
    host = feature.applyToVirtualHost?.(host, values) ?? host;
  }
  const findings = reading.findings.map(
    ({ code, field = '' }) => `${code} ${field.slice(field.indexOf('/') + 1, -1)}`,
  );
  return { standing: reading.standing, route, host, findings };
}
