/** One measurement: what is asked for, how hard, and who answers. */
export interface Cell {
  readonly name: string;
  /** One line for the table's readers. */
  readonly about: string;
  readonly peers: readonly PeerName[];
  /** Ingresses, each with a host of its own; requests go round all of them. */
  readonly ingresses: number;
  /** Kept connections. */
  readonly connections: number;
  readonly requestBodyBytes: number;
  readonly responseBodyBytes: number;
  /** Of every peer, to a file. */
  readonly accessLog: boolean;
}

export type PeerName = 'nginx' | 'ts-nginx' | 'http-proxy';

/** What a peer is configured with. */
export interface Site {
  readonly hosts: readonly string[];
  readonly upstreamPort: number;
  /** Undefined: off. */
  readonly accessLogPath: string | undefined;
  /** A folder of its own for configuration; removed afterwards. */
  readonly folder: string;
}

/** A proxy that is measured. */
export interface Peer {
  readonly name: PeerName;
  /** With its version; undefined: not installed here. */
  describe(): string | undefined;
  /** Resolves when it answers; its process runs on `core`. */
  start(site: Site, core: number | undefined): Promise<RunningPeer>;
}

export interface RunningPeer {
  readonly port: number;
  /** Root of its process tree. */
  readonly pid: number;
  stop(): Promise<void>;
}
