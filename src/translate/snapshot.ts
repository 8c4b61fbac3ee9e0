/**
 * The objects of one moment, as `translate` reads them. An object that did not change keeps its identity from one snapshot
 * to the next, and so does each list of EndpointSlices: that is what translation is memoised by.
 *
 * Objects are raw JSON of the API (field names are the API's), stripped to what is used, and not trusted: everything that
 * the API server would have validated may still be missing, because manifests come from files as well.
 */
export interface Snapshot {
  readonly ingresses: ReadonlyMap<ObjectKey, Ingress>;
  readonly ingressClasses: ReadonlyMap<ObjectKey, IngressClass>;
  readonly services: ReadonlyMap<ObjectKey, Service>;
  /** By the key of the Service that their label `kubernetes.io/service-name` names. */
  readonly endpointSlices: ReadonlyMap<ObjectKey, readonly EndpointSlice[]>;
  readonly secrets: ReadonlyMap<ObjectKey, Secret>;
  readonly configMaps: ReadonlyMap<ObjectKey, ConfigMap>;
  readonly namespaces: ReadonlyMap<ObjectKey, Namespace>;
  /** Those that `References.nodes` asked for. */
  readonly nodes: ReadonlyMap<ObjectKey, Node>;
  /** What DNS says of each external name that the last translation asked for; an empty list: it does not resolve. */
  readonly dnsAnswers: ReadonlyMap<string, readonly string[]>;
  /** IngressClasses were never read, for lack of the right to: then a class is told by its name (chart-values.md §3). */
  readonly ingressClassesUnreadable?: boolean;
  /** What `--upstream-address=auto` has come to; undefined: nothing was tried yet. */
  readonly addressTrial?: AddressTrial | undefined;
  /** What has changed lately; undefined: nobody knows. */
  readonly journal?: ChangeJournal;
}

/** The last changes of one series of snapshots, so that not all of a snapshot needs to be looked at for them. */
export interface ChangeJournal {
  /** Of the snapshot of now: how many changes there have been. */
  readonly revision: number;
  /** The changes from that revision until now; undefined: they are not known any more. */
  since(revision: number): readonly Change[] | undefined;
}

export type Change =
  /** Added, replaced, or removed. */
  | { readonly kind: 'ingress'; readonly key: ObjectKey; readonly before: Ingress | undefined }
  | { readonly kind: 'endpoint-slices'; readonly service: ObjectKey }
  | { readonly kind: 'other' };

/** Where exchanges of a Service go: to its endpoints, or to what the cluster offers in their place. */
export type UpstreamAddress = 'endpoints' | 'cluster-ip' | 'node-port' | 'load-balancer';

/** `<namespace>/<name>`; a cluster-scoped object's is its name alone. */
export type ObjectKey = string;

/** What a translation needs that its snapshot may not hold yet. The sources fetch and watch it. */
export interface References {
  readonly secrets: ReadonlySet<ObjectKey>;
  readonly configMaps: ReadonlySet<ObjectKey>;
  /** Of ExternalName Services, and of load balancers. */
  readonly externalNames: ReadonlySet<string>;
  /** `all`: for their addresses; one: for its zone. */
  readonly nodes: 'all' | 'none' | { readonly name: ObjectKey };
  /** Where `--upstream-address=auto` may try whether it is reached; undefined: nobody asks. */
  readonly samples?: AddressSamples | undefined;
}

/** What is used now, and whether that is for good. */
export interface AddressTrial {
  readonly address: UpstreamAddress;
  readonly isDecided: boolean;
}

export interface AddressSamples {
  readonly address: UpstreamAddress;
  /** A few, of different Services where possible. */
  readonly places: readonly { readonly address: string; readonly port: number }[];
}

export interface ObjectMeta {
  readonly name: string;
  /** Absent on cluster-scoped objects. */
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  /** RFC 3339, whole seconds. */
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** networking.k8s.io/v1 Ingress. */
export interface Ingress extends KubernetesObject {
  readonly spec?: {
    readonly ingressClassName?: string;
    readonly defaultBackend?: IngressBackend;
    readonly rules?: readonly IngressRule[];
    readonly tls?: readonly IngressTls[];
  };
  readonly status?: { readonly loadBalancer?: unknown };
}

export interface IngressRule {
  readonly host?: string;
  readonly http?: { readonly paths?: readonly HttpIngressPath[] };
}

export interface HttpIngressPath {
  readonly path?: string;
  readonly pathType?: string;
  readonly backend?: IngressBackend;
}

export interface IngressBackend {
  readonly service?: {
    readonly name?: string;
    readonly port?: { readonly name?: string; readonly number?: number };
  };
  readonly resource?: {
    readonly apiGroup?: string;
    readonly kind?: string;
    readonly name?: string;
  };
}

export interface IngressTls {
  readonly hosts?: readonly string[];
  readonly secretName?: string;
}

/** networking.k8s.io/v1 IngressClass. */
export interface IngressClass extends KubernetesObject {
  readonly spec?: { readonly controller?: string };
}

/** v1 Service. */
export interface Service extends KubernetesObject {
  readonly spec?: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly externalTrafficPolicy?: string;
    readonly internalTrafficPolicy?: string;
    readonly externalName?: string;
    readonly ports?: readonly ServicePort[];
    readonly sessionAffinity?: string;
    readonly sessionAffinityConfig?: { readonly clientIP?: { readonly timeoutSeconds?: number } };
  };
  readonly status?: {
    readonly loadBalancer?: {
      readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[];
    };
  };
}

export interface ServicePort {
  readonly name?: string;
  readonly protocol?: string;
  readonly port?: number;
  readonly targetPort?: number | string;
  readonly nodePort?: number;
  readonly appProtocol?: string;
}

/** discovery.k8s.io/v1 EndpointSlice. */
export interface EndpointSlice extends KubernetesObject {
  readonly addressType?: string;
  readonly endpoints?: readonly SliceEndpoint[] | null;
  readonly ports?: readonly SlicePort[] | null;
}

export interface SliceEndpoint {
  readonly addresses?: readonly string[];
  readonly conditions?: {
    readonly ready?: boolean | null;
    readonly serving?: boolean | null;
    readonly terminating?: boolean | null;
  };
  readonly nodeName?: string;
  readonly zone?: string;
  readonly hints?: {
    readonly forZones?: readonly { readonly name?: string }[];
    readonly forNodes?: readonly { readonly name?: string }[];
  };
}

export interface SlicePort {
  readonly name?: string | null;
  readonly protocol?: string | null;
  readonly port?: number | null;
}

/** v1 Secret; `data` is base64 as on the wire (manifests' `stringData` is encoded on reading). */
export interface Secret extends KubernetesObject {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

/** v1 ConfigMap. */
export interface ConfigMap extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** v1 Namespace. */
export type Namespace = KubernetesObject;

/** v1 Node. */
export interface Node extends KubernetesObject {
  readonly spec?: { readonly taints?: readonly { readonly key?: string }[] };
  readonly status?: {
    readonly addresses?: readonly { readonly type?: string; readonly address?: string }[];
    readonly conditions?: readonly { readonly type?: string; readonly status?: string }[];
  };
}

/** Every kind that is read, by its plural in the API's paths. */
export interface KindMap {
  ingresses: Ingress;
  ingressclasses: IngressClass;
  services: Service;
  endpointslices: EndpointSlice;
  secrets: Secret;
  configmaps: ConfigMap;
  namespaces: Namespace;
  nodes: Node;
}

export type Resource = keyof KindMap;

export function keyOf({ metadata }: KubernetesObject): ObjectKey {
  return metadata.namespace === undefined
    ? metadata.name
    : `${metadata.namespace}/${metadata.name}`;
}
