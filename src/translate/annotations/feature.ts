import type {
  HostTls,
  RetryPolicy,
  RouteBuffering,
  RouteTimeouts,
  UpstreamProtocol,
} from '../../model/config.ts';
import type { FilterConfig } from '../../model/filter-config.ts';
import type { FindingCode } from '../../model/finding.ts';
import type { Balancing } from '../balancing.ts';
import type { GlobalSettings } from '../configmap/global-settings.ts';
import type { EndpointTls, EndpointTlsResult } from '../endpoint-tls.ts';
import type { ServiceUpstream } from '../upstream-address.ts';
import type { ValueParser } from '../value-parsers.ts';

/** From harmless to arbitrary; compared with the ConfigMap's `annotations-risk-level`. */
export type Risk = 'low' | 'medium' | 'high' | 'critical';

/** What a value that can't be used leads to. Source: annotations.yaml `outcomes`. */
export type Outcome =
  /** The annotation counts as absent. */
  | 'default'
  /** All annotations of its feature count as absent. */
  | 'ignore-feature'
  /** Every path of the Ingress answers 503. */
  | 'deny-503'
  /** The Ingress is not served. */
  | 'drop-ingress';

export interface AnnotationSpec<T> {
  readonly value: ValueParser<T>;
  readonly onInvalid: Outcome;
  readonly risk: Risk;
  /** One sentence for the page of annotations. */
  readonly doc: string;
  /** What holds without the annotation, as the page prints it; a ConfigMap key by its name. */
  readonly default: string;
  /** Other names of it; the first name with a value wins. */
  readonly aliases?: readonly string[];
  /** A present but empty value is wrong, where it otherwise counts as absent. */
  readonly emptyIsInvalid?: boolean;
  /** Why a legal value is not honoured, or not wholly. */
  readonly refuse?: (value: T) => Refusal | undefined;
}

export interface Refusal {
  /** `partly`: the value is used as far as it goes. */
  readonly outcome: Outcome | 'partly';
  /** How it is reported, where not as what is unsupported. */
  readonly code?: FindingCode;
  /** One sentence. */
  readonly reason: string;
}

/** What the annotations of a feature say, by their first names; undefined: not set, or not usable. */
export type Values<T> = { readonly [K in keyof T]: T[K] | undefined };

export function isAnySet(values: Values<object>): boolean {
  return Object.values(values).some((value) => value !== undefined);
}

/**
 * What a route comes from. `implicit-root`: made for a host without a rule for `/`; `catch-all`: the `spec.defaultBackend`
 * of an Ingress without rules; `not-found`: the built-in 404 for hosts that nobody names.
 */
export type RouteKind = 'rule' | 'implicit-root' | 'catch-all' | 'not-found';

/** A route while features work on it. Parts that a feature has nothing to say of stay as they are, shared by all routes. */
export interface RouteDraft {
  readonly filters: readonly FilterConfig[];
  readonly timeouts: RouteTimeouts;
  readonly maxBodyBytes: number | 'none';
  readonly retry: RetryPolicy;
  readonly buffering: RouteBuffering;
  readonly protocol: UpstreamProtocol;
  /** Undefined: endpoints are not checked; that means nothing over plain text. */
  readonly tls: EndpointTls | undefined;
  readonly balancing: Balancing;
  /** What the Ingress says by `service-upstream`, where that differs from what holds anyhow. */
  readonly serviceUpstream: ServiceUpstream;
  /** The path is a regular expression, and so are all others of its host. */
  readonly isPattern: boolean;
}

export interface RouteContext {
  readonly kind: RouteKind;
  /** Text of the rule; `/` where it is implicit. */
  readonly path: string;
  /** Plain text is sent to TLS because the host has a certificate, be it the default one. */
  readonly hostHasCertificate: boolean;
  readonly global: GlobalSettings;
  /** What `proxy-ssl-*` and the Secret that it names come to; undefined: nothing is asked for. */
  readonly endpointTls: EndpointTlsResult | undefined;
}

/** What features may set for a whole host. The oldest Ingress of the host that sets it decides. */
export interface HostDraft {
  readonly aliases: readonly string[];
  readonly filters: readonly FilterConfig[];
  readonly tls?: HostTls;
  /** As asked: whether it may be is for `passthrough-right.ts` to say. */
  readonly passesTlsThrough?: boolean;
}

/** One thing that annotations make a route or a host do; `T` has the type of each annotation's value. */
export interface Feature<T extends object = Record<string, unknown>> {
  readonly annotations: { readonly [K in keyof T]: AnnotationSpec<T[K]> };
  /** Routes that it is applied to: those of rules alone unless said otherwise. */
  readonly routes?: readonly RouteKind[];
  readonly applyToRoute?: (
    route: RouteDraft,
    values: Values<T>,
    context: RouteContext,
  ) => RouteDraft;
  readonly applyToVirtualHost?: (host: HostDraft, values: Values<T>) => HostDraft;
}

/** Checks a feature against the types of its own annotations, and hides these from the registry. */
export function defineFeature<T extends object>(feature: Feature<T>): Feature {
  // Sound: values are read by the very parsers that gave T its types, and kept under the same names.
  return feature as unknown as Feature;
}
