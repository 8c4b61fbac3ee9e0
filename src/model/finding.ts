/**
 * Something a user must fix, as a value. One bad object never stops another: what is wrong is reported, the rest is served.
 * Each code has a section in docs/findings.md (a test checks both ways).
 */
export interface Finding {
  readonly code: FindingCode;
  /** Kind and name of the object at fault: `Ingress shop/web`, `Secret shop/tls`, `File shop.yaml`. */
  readonly object: string;
  /** Where in it: `metadata.annotations[nginx.ingress.kubernetes.io/proxy-body-size]`, `spec.rules[0].host`, `line 7`. */
  readonly field: string | undefined;
  /** One sentence: what is wrong, what it means for traffic, and the remedy. Holds no secret and no control bytes. */
  readonly message: string;
  /** Which right is missing, where that is what is wrong. */
  readonly right?: MissingRight;
}

/** What the API server does not let us do. */
export interface MissingRight {
  /** `list` */
  readonly verb: string;
  /** With its group: `endpointslices.discovery.k8s.io`. */
  readonly resource: string;
}

/**
 * What a finding means for traffic: `closed`, requests are answered with an error on purpose; `partial`, something
 * written is not in effect; `notice`, all is served as written, but probably not as meant.
 */
export type FindingEffect = 'closed' | 'partial' | 'notice';

export const findingEffects = {
  /** An annotation's value does not parse; its `onInvalid` outcome applies. */
  'annotation-invalid': 'partial',
  /** An annotation under our prefix that ts-nginx does not honour, and that does not guard access. */
  'annotation-unsupported': 'partial',
  /** An annotation that other releases act upon and that means nothing any more, or nothing here. */
  'annotation-ignored': 'notice',
  /** An annotation under our prefix that nobody knows: probably a spelling mistake. */
  'annotation-unknown': 'partial',
  /** What guards access (an annotation, a ConfigMap key) is not honoured or does not parse: its paths answer 503. */
  'guard-not-honoured': 'closed',
  /** An Ingress whose paths answer 503 for such a key of the ConfigMap. */
  'closed-by-settings': 'closed',
  /** `backend-protocol` names one that is not spoken: 503. */
  'backend-protocol-unsupported': 'closed',
  /** The whole Ingress is not served (`drop-ingress`). */
  'ingress-dropped': 'closed',
  /** The Ingress names a class that does not exist or another controller's. Only reported for near misses. */
  'ingress-class-unknown': 'closed',
  /** Another, older Ingress owns this host and path. */
  'path-conflict': 'partial',
  /** A host-wide setting (certificate, alias, app-root) is already decided by an older Ingress. */
  'host-conflict': 'partial',
  /** A host name, path or regular expression that can't be served. */
  'host-invalid': 'partial',
  'path-invalid': 'partial',
  'path-regex-invalid': 'partial',
  /** A backend's Service, its port or its endpoints are missing: 503. */
  'service-missing': 'closed',
  'service-port-missing': 'closed',
  'service-without-endpoints': 'closed',
  /** A Service shall be reached by a node port or a load balancer, and has none: 503. */
  'service-not-exposed': 'closed',
  /** A Service shall be reached by its cluster IP, and has none: its endpoints take its place. */
  'upstream-address-missing': 'notice',
  /** A Service with `sessionAffinity: ClientIP` is not reached by its endpoints: its one client is this proxy. */
  'client-affinity-lost': 'notice',
  /** A backend is a `resource`, which this controller does not serve: 404. */
  'backend-resource-unsupported': 'closed',
  /** An endpoint address is loopback, link-local, unspecified or our own: not used. */
  'endpoint-refused': 'partial',
  /** An ExternalName is not a usable name, or does not resolve. */
  'external-name-invalid': 'closed',
  'external-name-unresolved': 'closed',
  /** A TLS Secret is missing, broken, of another key, or for other names: the default certificate is presented. */
  'secret-missing': 'partial',
  'certificate-invalid': 'partial',
  'certificate-host-mismatch': 'partial',
  'certificate-expired': 'notice',
  /** A certificate that is presented, and that clients refuse for what it is signed with. */
  'certificate-weak': 'notice',
  /** A host has a certificate with a key of the same type already. */
  'certificate-unused': 'partial',
  /** An OCSP response in a TLS Secret is not sent to clients. */
  'ocsp-not-stapled': 'partial',
  /** A ConfigMap key's value does not parse, or the key is unknown or not honoured (yet). */
  'configmap-missing': 'notice',
  'configmap-key-invalid': 'partial',
  'configmap-key-unsupported': 'partial',
  'configmap-key-unknown': 'partial',
  /** TCP or UDP Services are listed, and not carried: nothing listens on their ports. */
  'stream-unsupported': 'closed',
  /** `use-forwarded-headers` while everybody is believed: any client can claim any address. */
  'forwarded-trust-all': 'notice',
  /** A manifest file can't be read or parsed: the file's last good content serves on. */
  'manifest-unreadable': 'partial',
  /** Two manifests define the same object: the first by file name counts. */
  'manifest-duplicate': 'partial',
  /** An object lacks what its schema requires (a name, a namespace's legal characters): it is left out. */
  'object-invalid': 'closed',
  /** The API server refuses a list or watch (a missing permission, mostly). */
  'source-forbidden': 'partial',
  /** The API server refuses a write: a status, an event, the Lease. */
  'write-forbidden': 'notice',
  /** The files of the admission webhook's certificate can't be used. */
  'webhook-certificate-invalid': 'partial',
  /** Where we are reached is not known, so no status is written. */
  'status-address-missing': 'notice',
} as const satisfies Record<string, FindingEffect>;

export type FindingCode = keyof typeof findingEffects;
