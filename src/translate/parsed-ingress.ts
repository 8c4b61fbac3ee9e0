import type { Finding } from '../model/finding.ts';
import { readAnnotations, type AnnotationReading } from './annotations/read-annotations.ts';
import type { RouteKind } from './annotations/feature.ts';
import { parseBackend, type Backend } from './backend.ts';
import {
  readClientVerificationWish,
  readDroppedVerification,
  type ClientVerificationWish,
} from './client-verification.ts';
import type { GlobalSettings } from './configmap/global-settings.ts';
import { finding, quote } from './finding.ts';
import { readEndpointTlsWish, type EndpointTlsWish } from './endpoint-tls.ts';
import { parseHostName } from './host-name.ts';
import { objectOf, objectsOf, textOf, textsOf } from './loose.ts';
import { isObjectName } from './object-name.ts';
import { patternSize } from './pattern-size.ts';
import type { HttpIngressPath, Ingress, IngressRule, ObjectKey } from './snapshot.ts';
import { isSuspiciousText } from './suspicious-text.ts';
import type { TranslateOptions } from './translate-options.ts';

/** One Ingress by itself: all that can be said of it without looking at any other object. */
export interface ParsedIngress {
  readonly key: ObjectKey;
  readonly isServed: boolean;
  /** One a host that its rules name, in their order. Of one that is not served: of hosts whose clients it was to verify. */
  readonly claims: readonly HostClaim[];
  /** Secrets that it names: its certificates, that for TLS to endpoints, that for its clients. */
  readonly secrets: readonly ObjectKey[];
  /** Undefined: nothing is asked for. */
  readonly endpointTls: EndpointTlsWish | undefined;
  /** Undefined: nothing is asked for. */
  readonly clientVerification: ClientVerificationWish | undefined;
  readonly findings: readonly Finding[];
}

/** What an Ingress wants of a host. */
export interface HostClaim {
  /** `''`: requests to hosts that nobody names. */
  readonly host: string;
  readonly owner: IngressOwner;
  readonly rules: readonly RuleClaim[];
  /** For paths without a rule, if the Ingress introduced the host: `spec.defaultBackend`. */
  readonly fallback: Backend | undefined;
  /** Undefined: the Ingress says nothing of TLS. */
  readonly tls: TlsClaim | undefined;
}

export interface IngressOwner {
  readonly namespace: string;
  readonly name: string;
  /** `Ingress shop/web` */
  readonly object: string;
  /** Unix time, milliseconds; infinity where it is not known, which counts as the youngest. */
  readonly createdAtMs: number;
  readonly annotations: AnnotationReading;
  /** Of all its paths, as regular expressions. */
  readonly patternSize: number;
}

export interface RuleClaim {
  readonly kind: Extract<RouteKind, 'rule' | 'catch-all'>;
  readonly match: 'exact' | 'prefix';
  readonly path: string;
  readonly backend: Backend;
  /** Where it stands in the Ingress. */
  readonly field: string;
}

export interface TlsClaim {
  /** The first entry that lists the host; undefined: none does, and any Secret whose certificate covers the host will do. */
  readonly listed: { readonly secret: ObjectKey | undefined } | undefined;
  readonly secrets: readonly ObjectKey[];
}

export interface ParsingContext {
  readonly options: TranslateOptions;
  readonly global: GlobalSettings;
}

const MAX_PATH_LENGTH = 4_096;

export function parseIngress(ingress: Ingress, context: ParsingContext): ParsedIngress {
  const namespace = ingress.metadata.namespace ?? 'default';
  const { name } = ingress.metadata;
  const object = `Ingress ${namespace}/${name}`;
  const key = `${namespace}/${name}`;
  const spec = objectOf(ingress.spec);
  const owner = {
    namespace,
    name,
    object,
    createdAtMs: createdAtMs(ingress),
    patternSize: patternSizeOf(spec),
  };
  const prefix = context.options.annotationsPrefix;
  const dropped = (...findings: readonly Finding[]): ParsedIngress => {
    const clientVerification = readDroppedVerification(ingress.metadata.annotations, {
      object,
      prefix,
    });
    return {
      key,
      isServed: false,
      claims: clientVerification === undefined ? [] : emptyClaims(owner, spec),
      secrets: [],
      endpointTls: undefined,
      clientVerification,
      findings,
    };
  };
  if (context.options.disableCatchAll && objectOf(spec?.defaultBackend) !== undefined) {
    const message = 'Ingresses with a default backend are not served here (--disable-catch-all).';
    return dropped(finding('ingress-dropped', object, 'spec.defaultBackend', message));
  }
  const suspicious = findSuspiciousText(object, spec);
  if (suspicious !== undefined) return dropped(suspicious);
  const annotations = readAnnotations(ingress.metadata.annotations, {
    object,
    prefix,
    global: context.global,
  });
  if (annotations.standing === 'left-out') return dropped(...annotations.findings);
  const { claims, findings } = new ClaimReader({ ...owner, annotations }, spec).read();
  const allowsOtherNamespaces = context.global.values['allow-cross-namespace-resources'];
  const place = { object, namespace, prefix, allowsOtherNamespaces };
  const endpointTls = readEndpointTlsWish(annotations, place);
  const clientVerification = readClientVerificationWish(annotations, place);
  const certificates = new TlsEntries(namespace, spec).secrets;
  return {
    key,
    isServed: claims.length > 0,
    claims,
    secrets: [...certificates, endpointTls?.secret, clientVerification?.secret].filter(
      (secret) => secret !== undefined,
    ),
    endpointTls,
    clientVerification,
    findings: [...annotations.findings, ...findings],
  };
}

const NO_ANNOTATIONS: AnnotationReading = { standing: 'left-out', values: new Map(), findings: [] };

/** Of an Ingress that is dropped the hosts alone, which it says nothing of but that their clients can't be verified. */
function emptyClaims(
  owner: Omit<IngressOwner, 'annotations'>,
  spec: IngressSpec,
): readonly HostClaim[] {
  const { claims } = new ClaimReader({ ...owner, annotations: NO_ANNOTATIONS }, spec).read();
  return claims.map((claim) => ({ ...claim, rules: [], fallback: undefined, tls: undefined }));
}

function patternSizeOf(spec: IngressSpec): number {
  return objectsOf(spec?.rules)
    .flatMap((rule) => objectsOf(objectOf(rule?.http)?.paths))
    .reduce(
      (sum, path) => sum + patternSize((textOf(path?.path) ?? '').slice(0, MAX_PATH_LENGTH)),
      0,
    );
}

function createdAtMs({ metadata }: Ingress): number {
  const ms = Date.parse(textOf(metadata.creationTimestamp) ?? '');
  return Number.isNaN(ms) ? Number.POSITIVE_INFINITY : ms;
}

type IngressSpec = Ingress['spec'];

class ClaimReader {
  readonly #owner: IngressOwner;
  readonly #spec: IngressSpec;
  readonly #findings: Finding[] = [];

  constructor(owner: IngressOwner, spec: IngressSpec) {
    this.#owner = owner;
    this.#spec = spec;
  }

  read(): { readonly claims: readonly HostClaim[]; readonly findings: readonly Finding[] } {
    const rules = new Map<string, RuleClaim[]>();
    objectsOf(this.#spec?.rules).forEach((rule, index) => {
      const host = rule === undefined ? undefined : this.#readHost(rule, index);
      if (rule === undefined || host === undefined) return;
      const known = rules.get(host) ?? [];
      known.push(...this.#readPaths(rule, index));
      // Without a host and without paths nothing is said.
      if (host !== '' || known.length > 0) rules.set(host, known);
    });
    const fallback = parseBackend(this.#owner.namespace, this.#spec?.defaultBackend);
    const entries = new TlsEntries(this.#owner.namespace, this.#spec);
    if (rules.size === 0 && objectsOf(this.#spec?.rules).length === 0) {
      return { claims: this.#catchAll(fallback), findings: this.#findings };
    }
    this.#checkSecretNames();
    const claims = [...rules].map(([host, claimed]) => ({
      host,
      owner: this.#owner,
      rules: claimed,
      // The default backend of an Ingress with rules never serves hosts that nobody names.
      fallback: host === '' ? undefined : fallback,
      tls: host === '' || entries.isEmpty ? undefined : entries.claimOf(host),
    }));
    return { claims, findings: this.#findings };
  }

  #checkSecretNames(): void {
    objectsOf(this.#spec?.tls).forEach((entry, index) => {
      const name = textOf(entry?.secretName) ?? '';
      if (name === '' || isObjectName(name)) return;
      const message = `${quote(name)} names no Secret of this namespace: the default certificate is presented.`;
      this.#report('secret-missing', `spec.tls[${index}].secretName`, message);
    });
  }

  #catchAll(backend: Backend | undefined): readonly HostClaim[] {
    if (backend === undefined) return [];
    const field = 'spec.defaultBackend';
    const rule: RuleClaim = { kind: 'catch-all', match: 'prefix', path: '/', backend, field };
    return [{ host: '', owner: this.#owner, rules: [rule], fallback: undefined, tls: undefined }];
  }

  #readHost(rule: IngressRule, index: number): string | undefined {
    const given: unknown = rule.host;
    const host = parseHostName(textOf(given ?? '') ?? ' ');
    if (host === undefined) {
      const shown = quote(textOf(given) ?? '');
      const message = `${shown} is no host name (lower-case letters, digits, "-" and ".", at most a "*." in front): the rule is not served.`;
      this.#report('host-invalid', `spec.rules[${index}].host`, message);
    }
    return host;
  }

  #readPaths(rule: IngressRule, ruleIndex: number): readonly RuleClaim[] {
    const claims: RuleClaim[] = [];
    objectsOf(objectOf(rule.http)?.paths).forEach((path, index) => {
      if (path === undefined) return;
      const field = `spec.rules[${ruleIndex}].http.paths[${index}]`;
      const backend = parseBackend(this.#owner.namespace, path.backend);
      if (backend === undefined) {
        const message = 'The path names no Service and port: it is not served. Name both.';
        this.#report('path-invalid', `${field}.backend`, message);
        return;
      }
      const matched = this.#readMatch(path, field);
      if (matched !== undefined) claims.push({ kind: 'rule', ...matched, backend, field });
    });
    return claims;
  }

  #readMatch(
    { path: given, pathType }: HttpIngressPath,
    field: string,
  ): Pick<RuleClaim, 'match' | 'path'> | undefined {
    const text = textOf(given ?? '');
    const path = text === '' ? '/' : text;
    if (path === undefined || !isUsablePath(path)) {
      const message = `${quote(text ?? '')} is no path: one begins with "/", has at most ${MAX_PATH_LENGTH} characters and no control bytes. It is not served.`;
      this.#report('path-invalid', `${field}.path`, message);
      return undefined;
    }
    switch (pathType ?? 'ImplementationSpecific') {
      case 'Exact':
        return { match: 'exact', path };
      case 'Prefix':
      case 'ImplementationSpecific':
        return { match: 'prefix', path };
      default: {
        const message = `${quote(textOf(pathType) ?? '')} is not Exact, Prefix or ImplementationSpecific: the path is not served.`;
        this.#report('path-invalid', `${field}.pathType`, message);
        return undefined;
      }
    }
  }

  #report(code: Finding['code'], field: string, message: string): void {
    this.#findings.push(finding(code, this.#owner.object, field, message));
  }
}

function isUsablePath(path: string): boolean {
  return path.startsWith('/') && path.length <= MAX_PATH_LENGTH && !/[\x00-\x1f\x7f]/.test(path);
}

/** What `spec.tls` says of the hosts of an Ingress. Secrets are only ever those of its own namespace. */
class TlsEntries {
  readonly #byHost = new Map<string, (ObjectKey | undefined)[]>();
  /** Of all entries, each once. */
  readonly secrets: readonly ObjectKey[];
  readonly isEmpty: boolean;

  constructor(namespace: string, spec: IngressSpec) {
    const entries = objectsOf(spec?.tls).filter((entry) => entry !== undefined);
    const secrets = new Set<ObjectKey>();
    for (const { hosts, secretName } of entries) {
      const name = textOf(secretName) ?? '';
      const secret = isObjectName(name) ? `${namespace}/${name}` : undefined;
      if (secret !== undefined) secrets.add(secret);
      for (const host of new Set(textsOf(hosts).map((each) => each.toLowerCase()))) {
        const known = this.#byHost.get(host);
        if (known === undefined) this.#byHost.set(host, [secret]);
        else known.push(secret);
      }
    }
    this.secrets = [...secrets];
    this.isEmpty = entries.length === 0;
  }

  /** Source: routing.md §7.2. */
  claimOf(host: string): TlsClaim {
    const listing = this.#byHost.get(host);
    if (listing === undefined) return { listed: undefined, secrets: this.secrets };
    const [secret] = listing;
    // The first asks for the default certificate; the others can only add to one.
    const named = secret === undefined ? [] : listing.flatMap((each) => each ?? []);
    return { listed: { secret }, secrets: [...new Set(named)] };
  }
}

function findSuspiciousText(object: string, spec: IngressSpec): Finding | undefined {
  const texts: (readonly [string, string])[] = [];
  objectsOf(spec?.rules).forEach((rule, index) => {
    texts.push([`spec.rules[${index}].host`, textOf(rule?.host) ?? '']);
    objectsOf(objectOf(rule?.http)?.paths).forEach((path, pathIndex) => {
      texts.push([`spec.rules[${index}].http.paths[${pathIndex}].path`, textOf(path?.path) ?? '']);
    });
  });
  objectsOf(spec?.tls).forEach((entry, index) => {
    for (const host of textsOf(entry?.hosts)) texts.push([`spec.tls[${index}].hosts`, host]);
  });
  const bad = texts.find(([, text]) => isSuspiciousText(text.slice(0, MAX_PATH_LENGTH)));
  if (bad === undefined) return undefined;
  const message = `${quote(bad[1])} looks like an attack on generated configuration: the Ingress is not served.`;
  return finding('ingress-dropped', object, bad[0], message);
}
