/** What clients speak; gRPC is spoken to the upstream as well. */
export type Protocol = 'http1' | 'h2' | 'grpc' | 'websocket';

/** When a client makes a new connection: never, or for each request, with a TLS session that it knows or without. */
export type Reconnect = 'never' | 'always' | 'resuming';

/** One measurement: what is asked for, how hard, and who answers. */
export interface Cell {
  /** As on the command line. */
  readonly name: string;
  /** Cells that have it in common are measured in the same rounds: else they differ by what the machine did meanwhile, too. */
  readonly group?: string;
  /** One line for the table's readers. */
  readonly about: string;
  readonly peers: readonly PeerName[];
  readonly protocol: Protocol;
  readonly tls: boolean;
  readonly reconnect: Reconnect;
  /** Virtual hosts that the proxy has; plain HTTP/1.1 requests go round all of them, others to one. */
  readonly hosts: number;
  readonly connections: number;
  /** At once on each connection. */
  readonly streams: number;
  /** Beside `Host`. */
  readonly requestFields: Readonly<Record<string, string>>;
  readonly requestBodyBytes: number;
  readonly responseBodyBytes: number;
  /** Of answers: by `Content-Length`, or in chunks of 1 KiB. */
  readonly framing: Framing;
  /** Of every peer, to a file. */
  readonly accessLog: boolean;
  /** More than one: on as many cores as there are, which they share with the load. */
  readonly workers: number;
}

export type Framing = 'length' | 'chunked';

/** In the order of the table. */
export const peerNames = ['nginx', 'ts-nginx', 'haproxy', 'caddy', 'http-proxy', 'undici'] as const;

export type PeerName = (typeof peerNames)[number];

/** What a peer is configured with. */
export interface Site {
  readonly hosts: readonly string[];
  readonly upstreamPort: number;
  readonly upstreamProtocol: 'http1' | 'h2c';
  /** Undefined: plaintext. */
  readonly tls: SiteTls | undefined;
  readonly workers: number;
  /** Undefined: off. */
  readonly accessLogPath: string | undefined;
  /** A folder of its own for configuration; removed afterwards. */
  readonly folder: string;
}

/** One certificate for all hosts (ECDSA P-256), PEM. */
export interface SiteTls {
  readonly chain: string;
  readonly key: string;
  /** Whether clients may resume sessions by tickets. */
  readonly tickets: boolean;
}

/** A proxy that is measured. */
export interface Peer {
  readonly name: PeerName;
  /** How to get it. */
  readonly install: string;
  /** Seconds of load before figures count: compilers take time. */
  readonly warmUpSeconds: number;
  /** With its version; undefined: not installed here. */
  describe(): string | undefined;
  /** Resolves when it answers; its process runs on `core`. */
  start(site: Site, core: number | undefined): Promise<RunningPeer>;
}

export interface RunningPeer {
  /** Of TLS, where the site has it. */
  readonly port: number;
  /** Root of its process tree. */
  readonly pid: number;
  stop(): Promise<void>;
}
