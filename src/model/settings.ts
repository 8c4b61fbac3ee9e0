import type { CidrList } from './filter-config.ts';
import type { Sensitive } from './sensitive.ts';

/** What holds for the whole proxy. Defaults are ingress-nginx's; the ConfigMap key is named where there is one. */
export interface Settings {
  readonly client: ClientSettings;
  readonly upstream: UpstreamSettings;
  readonly forwarded: ForwardedSettings;
  readonly tls: TlsSettings;
  readonly accessLog: AccessLogSettings;
  /** Refused with 403 before anything else is looked at. `block-cidrs` */
  readonly blockedCidrs: CidrList;
  /** Answered 200 with an empty body on hosts nobody defines. `--health-check-path` */
  readonly healthPath: string;
  /** A `Server` field naming the product on every answer; otherwise none at all. `server-tokens` */
  readonly serverTokens: boolean;
  /** Pass the upstream's own `Server` field on. `allow-backend-server-header` */
  readonly allowUpstreamServerField: boolean;
  /** Longest drain after SIGTERM. `worker-shutdown-timeout` */
  readonly drainMs: number;
}

export interface ClientSettings {
  /** Longest request line. `large-client-header-buffers` */
  readonly requestLineBytes: number;
  /** Longest single field line. */
  readonly fieldLineBytes: number;
  /** Longest whole head. */
  readonly headBytes: number;
  readonly maxFields: number;
  /** Keep fields whose name has an underscore; otherwise they are dropped. `enable-underscores-in-headers` */
  readonly allowUnderscores: boolean;
  /** From the first byte of a head to its end, absolute; also TLS hello. `client-header-timeout` */
  readonly headMs: number;
  /** Longest silence within a request body. `client-body-timeout` */
  readonly bodyMs: number;
  /** Longest idle time between exchanges; `off` closes after each. `keep-alive` */
  readonly keepAliveMs: number | 'off';
  /** Exchanges on one connection. `keep-alive-requests` */
  readonly requestsPerConnection: number;
  /** Streams at once on an HTTP/2 connection; `off`: no HTTP/2. `use-http2`, `http2-max-concurrent-streams` */
  readonly http2Streams: number | 'off';
  /** Longest time without one byte accepted by a client that is being answered. */
  readonly sendMs: number;
  /** Connections a worker holds at once; `auto`: half of the file descriptor limit, shared among the workers. */
  readonly maxConnections: number | 'auto';
}

export interface UpstreamSettings {
  /** Idle connections kept a worker; `off`: none. `upstream-keepalive-connections` */
  readonly idleConnections: number | 'off';
  /** Longest idle time of one. `upstream-keepalive-timeout` */
  readonly idleMs: number;
  /** Longest life of one. `upstream-keepalive-time` */
  readonly lifeMs: number;
  /** Exchanges on one. `upstream-keepalive-requests` */
  readonly requestsPerConnection: number;
  readonly headBytes: number;
  readonly maxFields: number;
  readonly maxInterimAnswers: number;
}

/** Which of a client's forwarded fields are believed, and what is sent on. routing.md §10 and §11. */
export interface ForwardedSettings {
  /** Every connection begins with a PROXY header; it names the client where `trustedCidrs` covers the peer. `use-proxy-protocol` */
  readonly proxyProtocol: boolean;
  /** Believe `forHeader` for the client's address. `enable-real-ip` or `use-forwarded-headers` */
  readonly realAddress: boolean;
  /** Believe X-Forwarded-Host, -Proto, -Port too. `use-forwarded-headers` */
  readonly trustFields: boolean;
  /** Peers (and hops) that are believed. `proxy-real-ip-cidr` */
  readonly trustedCidrs: CidrList;
  /** Append to the received list instead of replacing it. `compute-full-forwarded-for` */
  readonly appendFor: boolean;
  /** Lower-case field names. `forwarded-for-header`, `forwarded-host-header` */
  readonly forHeader: string;
  readonly hostHeader: string;
  /** Send X-Original-URI. `proxy-add-original-uri-header` */
  readonly originalUri: boolean;
  /** Make an X-Request-ID where the client sent none. `generate-request-id` */
  readonly generateRequestId: boolean;
}

export interface TlsSettings {
  /** Id of the certificate for unknown, empty or odd SNI, and for hosts without one of their own. */
  readonly defaultCertificate: string;
  /** Answer unknown SNI with an alert instead. `ssl-reject-handshake` */
  readonly rejectUnknownHosts: boolean;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL cipher list for TLS 1.2. `ssl-ciphers` */
  readonly ciphers: string;
  /** OpenSSL's list of key exchange groups; `auto`: its own. `ssl-ecdh-curve` */
  readonly groups: string;
  /** PEM; undefined: no DHE ciphers. `ssl-dh-param` */
  readonly dhParameters: string | undefined;
  /** `ssl-session-tickets`, `ssl-session-timeout` */
  readonly tickets: 'off' | TicketSettings;
  /** Longest plain text of a record; undefined: as TLS allows. `ssl-buffer-size` */
  readonly recordBytes: number | undefined;
}

/** Sessions that are resumed by tickets; never on hosts that ask for client certificates. */
export interface TicketSettings {
  readonly lifetimeMs: number;
  /** For several replicas; undefined: the replica makes its own. `ssl-session-ticket-key` */
  readonly key: TicketKey | undefined;
}

export interface TicketKey {
  /** Tells keys apart without a byte of them. */
  readonly fingerprint: string;
  /** Base64. */
  readonly value: Sensitive;
}

export type AccessLogSettings =
  | { readonly kind: 'off' }
  | {
      readonly kind: 'on';
      /** ingress-nginx's `log-format-upstream`, or our own JSON line. */
      readonly format:
        { readonly kind: 'template'; readonly text: string } | { readonly kind: 'json' };
      readonly escape: 'default' | 'json' | 'none';
    };
