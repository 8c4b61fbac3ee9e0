import type { Finding, FindingCode } from '../model/finding.ts';
import type { ExplainedHost, ExplainedRoute, KnownIngress } from './explanation.ts';
import { coveringNames } from './covering-names.ts';
import { judgeFindings, type JudgedFinding } from './judged-finding.ts';

/** What became of a request, as far as it says which objects had to do with it. */
export interface Outcome {
  /** As asked for. */
  readonly hostName: string;
  readonly host: ExplainedHost | undefined;
  readonly route: ExplainedRoute | undefined;
  /** Of the Service: `route` names it without. */
  readonly namespace: string;
  readonly ingresses: readonly KnownIngress[];
  /** `closed`: on purpose; `nowhere`: no rule covers the path, or nobody is there to ask; `other`: anything else. */
  readonly answer: 'closed' | 'nowhere' | 'other';
}

/** They may hide the very object that was expected to serve. */
const HIDING: ReadonlySet<FindingCode> = new Set([
  'manifest-unreadable',
  'manifest-duplicate',
  'object-invalid',
  'source-forbidden',
]);

/** Of a Service by itself they are said only where it is the default backend: elsewhere the Ingress has them. */
const DEFAULT_BACKEND_CODES: ReadonlySet<FindingCode> = new Set([
  'service-missing',
  'service-port-missing',
  'service-without-endpoints',
  'service-not-exposed',
  'external-name-invalid',
  'external-name-unresolved',
]);

/** Worst first: of the objects that had a say, or might have had; and of no such object, where that decides the answer. */
export function findingsConcerned(
  findings: readonly Finding[],
  outcome: Outcome,
): readonly JudgedFinding[] {
  const objects = objectsConcerned(outcome);
  return judgeFindings(
    findings.filter((finding) => objects.has(finding.object) || decides(finding, outcome)),
  );
}

function decides({ code, object }: Finding, { answer, route }: Outcome): boolean {
  if (answer === 'closed') return code === 'guard-not-honoured' && object.startsWith('ConfigMap ');
  if (answer === 'other') return false;
  const isDefaultBackend = route?.isImplicit !== false && object.startsWith('Service ');
  return HIDING.has(code) || (isDefaultBackend && DEFAULT_BACKEND_CODES.has(code));
}

/**
 * As findings name them: the Ingress and the Service of the route, the host's Secret, and every Ingress that names the host
 * or a wildcard above it.
 */
function objectsConcerned({
  hostName,
  host,
  route,
  namespace,
  ingresses,
}: Outcome): ReadonlySet<string> {
  const names = coveringNames(hostName);
  const naming = ingresses.filter(({ hosts }) => hosts.some((host) => names.includes(host)));
  const objects = new Set(naming.map(({ key }) => `Ingress ${key}`));
  if (host?.certificate !== undefined) objects.add(`Secret ${host.certificate}`);
  if (route === undefined) return objects;
  if (route.ingress !== '') objects.add(`Ingress ${route.ingress}`);
  const [service = ''] = route.service.split(':');
  return objects.add(`Service ${namespace}/${service}`);
}
