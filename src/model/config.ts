import type { FilterConfig } from './filter-config.ts';
import type { Sensitive } from './sensitive.ts';
import type { Settings } from './settings.ts';

/**
 * All that the proxy shall do: a plain, printable value that knows no Kubernetes. A piece that did not change keeps its
 * identity from one config to the next, so the difference between two configs is found by `!==`, and only that is sent
 * to the workers. Endpoint sets are apart from routes: an endpoint change never carries a route.
 */
export interface ProxyConfig {
  readonly settings: Settings;
  /** By host name: `shop.example.com`, `*.example.com`, or `''` for requests to hosts that nobody defines. */
  readonly virtualHosts: ReadonlyMap<string, VirtualHost>;
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly endpointSets: ReadonlyMap<string, EndpointSet>;
  readonly certificates: ReadonlyMap<string, Certificate>;
}

/** One host name's routes. */
export interface VirtualHost {
  /** Lower case, no port, no trailing dot; see `ProxyConfig.virtualHosts`. */
  readonly name: string;
  /** More names that are served as this one; a VirtualHost of that very name wins. */
  readonly aliases: readonly string[];
  /**
   * `paths`: exact, then longest prefix by segments; the order of `routes` says nothing.
   * `patterns`: the first of `routes` that matches (routing.md §5).
   */
  readonly matching: 'paths' | 'patterns';
  readonly routes: readonly Route[];
  /** Run before a route is looked up. */
  readonly filters: readonly FilterConfig[];
  /** Id of the certificate for this SNI; undefined: the wildcard parent's, else the default. */
  readonly certificate: string | undefined;
  /** Id of one with a key of another type (ECDSA beside RSA): a client gets the one that it can verify. */
  readonly secondCertificate?: string;
  /** Where the handshake differs from what the settings say. */
  readonly tls?: HostTls;
  /** Value of Strict-Transport-Security on answers over TLS. */
  readonly hsts: string | undefined;
  /** What certificates its clients must have; absent: none is asked for, and endpoints are told nothing of it. */
  readonly clientVerification?: ClientVerification;
  /** TLS connections that ask for this very name go to endpoints as they are; absent: TLS ends here. */
  readonly passthrough?: Passthrough;
}

/** How TLS connections that endpoints terminate are passed on. */
export interface Passthrough {
  /** Of it only the endpoints count, and how they are chosen. */
  readonly cluster: string;
  readonly connectMs: number;
  /** Longest silence, of both sides. */
  readonly idleMs: number | 'none';
  /** Endpoints that are tried in all; only while nothing was sent. */
  readonly attempts: number;
  /** From the first attempt on, further ones may begin so long. */
  readonly withinMs: number | 'none';
  /** The PROXY header that endpoints are told the client by; absent: none. */
  readonly proxyProtocol?: 'v1' | 'v2';
}

/** How a host makes sure of its clients. Sources: `auth-tls-*` in ingress-nginx, docs/client-certificates.md. */
export interface ClientVerification {
  /** SHA-256 of CAs, CRLs and depth, hex: what was found of a certificate holds for the same fingerprint, and no other. */
  readonly fingerprint: string;
  /**
   * `required`: a good one. `optional`: a good one or none. `any`: whatever it is, endpoints are told what is wrong with it.
   * `off`: none is asked for.
   */
  readonly mode: 'required' | 'optional' | 'any' | 'off';
  /** PEM: roots, and such intermediates as clients leave out. */
  readonly ca: string;
  /** PEM, one each; with any, every CA of a chain must have one. */
  readonly crls: readonly string[];
  /** Most CA certificates between a client's and the root. */
  readonly depth: number;
  /** Searched in the subject (RFC 2253) of a client's certificate, case-sensitive, linear-time engine; who has none is refused. */
  readonly subjectPattern: string | undefined;
  /** In place of a 400: an absolute path of the host, which is served to everybody, or where to send the client. */
  readonly errorPage: string | undefined;
  /** Endpoints get the certificate itself, too. */
  readonly passesCertificate: boolean;
}

export interface HostTls {
  /** OpenSSL cipher list for TLS 1.2. */
  readonly ciphers?: string;
  /** Whose order of ciphers counts. */
  readonly cipherOrder?: 'server' | 'client';
}

export interface Route {
  /** Unique within its virtual host and stable: names the route in `/config`, `explain` and logs. */
  readonly id: string;
  readonly match: RouteMatch;
  readonly labels: RouteLabels;
  /** In evaluation order; those of the access phase run only when the cluster has an endpoint. */
  readonly filters: readonly FilterConfig[];
  readonly action: RouteAction;
  readonly timeouts: RouteTimeouts;
  /** Longest request body; `none`: no limit. */
  readonly maxBodyBytes: number | 'none';
  readonly retry: RetryPolicy;
  readonly buffering: RouteBuffering;
  /** What a client is told of its session, where the cluster's balancer is `sticky`; absent: nothing. */
  readonly sessionCookie?: SessionCookie;
}

/** Attributes of the cookie that a sticky cluster's sessions are kept by. */
export interface SessionCookie {
  readonly name: string;
  readonly path: string;
  readonly domain: string | undefined;
  readonly expiresSeconds: number | undefined;
  readonly maxAgeSeconds: number | undefined;
  /** `tls`: where the client came by TLS. */
  readonly secure: 'always' | 'tls';
  readonly sameSite: 'None' | 'Lax' | 'Strict' | undefined;
  /** Leave `SameSite=None` out for clients that take it for `Strict`. */
  readonly sparesOldClients: boolean;
}

export type RouteMatch =
  | { readonly kind: 'exact'; readonly path: string }
  /** Covers `path` by whole segments. A trailing slash counts only between two prefixes that differ in nothing else. */
  | { readonly kind: 'prefix'; readonly path: string }
  /** Case-insensitive, anchored at the start, linear-time engine. */
  | { readonly kind: 'pattern'; readonly pattern: string };

/** Where a route comes from, for log lines and metric labels. */
export interface RouteLabels {
  readonly namespace: string;
  readonly ingress: string;
  readonly service: string;
  readonly servicePort: string;
  /** Path text of the rule. */
  readonly path: string;
}

export type RouteAction =
  | { readonly kind: 'forward'; readonly cluster: string }
  | { readonly kind: 'respond'; readonly status: 404 | 503 };

export interface RouteTimeouts {
  readonly connectMs: number;
  /** Longest silence while the request is being sent. */
  readonly sendMs: number;
  /** Longest silence within the response. */
  readonly readMs: number;
}

/** routing.md §13. */
export interface RetryPolicy {
  /** Attempts in all; 1 means none is repeated. */
  readonly attempts: number;
  readonly onError: boolean;
  readonly onTimeout: boolean;
  /** The head of an answer broke its protocol. */
  readonly onInvalidHead: boolean;
  /** An endpoint answered with one of these. */
  readonly onStatuses: readonly number[];
  /** Methods such as POST are sent again, too, although an endpoint may have acted upon them. */
  readonly nonIdempotent: boolean;
  /** From the first attempt on, further ones may begin so long; `none`: no limit. */
  readonly withinMs: number | 'none';
}

/** How much of bodies is kept in memory beyond what is on its way. Both stream in any case. */
export interface RouteBuffering {
  /** Of a request's, so that it can be sent again; `none`: it can't once a part of it was sent. */
  readonly repeatBytes: number | 'none';
  /** Of an answer's, read ahead of a client that is slower than its endpoint; `none`: nothing. */
  readonly readAheadBytes: number | 'none';
}

/** How exchanges are spread over a set of endpoints, and how these are spoken to. */
export interface Cluster {
  readonly id: string;
  /** ingress-nginx's backend name, `<namespace>-<service>-<port>`: for logs and metrics. */
  readonly name: string;
  readonly endpointSet: string;
  /** What a route to it answers while it has no endpoint: 503, and 404 for the default backend (routing.md §6.3). */
  readonly statusWhenEmpty: 404 | 503;
  readonly protocol: UpstreamProtocol;
  /** How TLS is spoken to endpoints, where the protocol is over TLS; absent: nothing is checked and no name is sent. */
  readonly tls?: UpstreamTls;
  readonly balancer: BalancerConfig;
}

/** Who the proxy is towards endpoints, and whom it takes these for. */
export interface UpstreamTls {
  /**
   * SHA-256 of all the rest, keys included, hex. The same fingerprint means the same identity; connections of one identity are
   * never used for another.
   */
  readonly fingerprint: string;
  /** `off`: any certificate will do. */
  readonly verify: EndpointVerification | 'off';
  /** What is presented to endpoints that ask for a certificate; undefined: none. */
  readonly certificate: Certificate | undefined;
  /** Sent as SNI; undefined: none is. */
  readonly serverName: string | undefined;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL cipher list; those of TLS 1.3 are offered in any case. Undefined: Node's own. */
  readonly ciphers: string | undefined;
}

export interface EndpointVerification {
  /** PEM: roots, and such intermediates as endpoints leave out. */
  readonly ca: string;
  /** Host name or address literal that a certificate must be for. */
  readonly name: string;
  /** Most CA certificates between an endpoint's and the root. */
  readonly depth: number;
}

/** HTTP/1.1, plain or over TLS; HTTP/2 by prior knowledge, or over TLS by ALPN. */
export type UpstreamProtocol = 'http' | 'https' | 'grpc' | 'grpcs';

/** How a cluster's endpoint is chosen; docs/balancing.md says what each is for. */
export type BalancerConfig =
  | { readonly kind: 'round-robin' }
  | { readonly kind: 'random' }
  /** The less busy one of two. */
  | { readonly kind: 'least-request' }
  /** The faster one of two. */
  | { readonly kind: 'ewma' }
  /** The one that costs least of all: IPVS's least connection (weighted or not), shortest expected delay, never queue. */
  | { readonly kind: 'least-cost'; readonly cost: 'lc' | 'wlc' | 'sed' | 'nq' }
  /** `subset`: the key chooses that many endpoints, and chance one of them. */
  | { readonly kind: 'hash'; readonly key: KeyTemplate; readonly subset: number | 'none' }
  /** `service`: whose clients they are. */
  | { readonly kind: 'client-affinity'; readonly service: string; readonly timeoutSeconds: number }
  | {
      readonly kind: 'sticky';
      readonly mode: 'balanced' | 'persistent';
      /** Name of the cookie that carries the session. */
      readonly cookie: string;
      readonly changesOnFailure: boolean;
      /**
       * The same wherever this cluster is served, and unlike that of any other. Clients must not know it, or they could find
       * out an endpoint's address by trying; to whom the config is shown, endpoints are shown, too.
       */
      readonly salt: string;
    };

/** The text that exchanges are hashed by: its parts in a row. */
export type KeyTemplate = readonly KeyPart[];

export type KeyPart =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind:
        'target' | 'path' | 'query' | 'host' | 'authority' | 'client-address' | 'scheme' | 'method';
    }
  /** `name`: lower case; in field names `-` where a variable has `_`. */
  | { readonly kind: 'field' | 'argument' | 'cookie'; readonly name: string };

export interface EndpointSet {
  readonly id: string;
  /** Sorted by address, then port; no duplicates. */
  readonly endpoints: readonly Endpoint[];
}

/** One address that answers. */
export interface Endpoint {
  /** IPv4 or IPv6 literal without brackets. */
  readonly address: string;
  readonly port: number;
  /** Share of the exchanges beside the others of the set, a whole number; 0: none. Absent: 1. */
  readonly weight?: number;
}

export interface Certificate {
  /** `<namespace>/<secret>`, or `default`. */
  readonly id: string;
  /** PEM, leaf first. */
  readonly chain: string;
  /** PEM. */
  readonly key: Sensitive;
  /** SHA-256 of the leaf, hex: tells versions apart without the key. */
  readonly fingerprint: string;
  readonly notAfter: string;
  /** What its issuer says of its revocation, to be sent along. */
  readonly ocsp?: OcspResponse;
}

export interface OcspResponse {
  /** DER, base64. */
  readonly response: string;
  readonly notAfter: string;
}
