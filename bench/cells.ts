import { peerNames, type Cell, type PeerName } from './cell.ts';

const KIB = 1_024;
const MIB = KIB * KIB;

/** Proxies that one would take to production. */
const servers: readonly PeerName[] = ['nginx', 'ts-nginx', 'haproxy', 'caddy'];
const threeServers: readonly PeerName[] = ['nginx', 'ts-nginx', 'haproxy'];
const ours: readonly PeerName[] = ['nginx', 'ts-nginx'];

const small: Cell = {
  name: 'small',
  about: 'small answers',
  peers: peerNames,
  protocol: 'http1',
  tls: false,
  reconnect: 'never',
  hosts: 500,
  connections: 64,
  streams: 1,
  requestFields: {},
  requestBodyBytes: 0,
  responseBodyBytes: 128,
  framing: 'length',
  accessLog: false,
  workers: 1,
};

/** With few connections, because their handshakes are in the figure: about one part in a hundred. */
const tls: Cell = {
  ...small,
  name: 'tls',
  about: 'small answers, TLS 1.3',
  peers: servers,
  connections: 32,
  tls: true,
};

const h2: Cell = { ...tls, protocol: 'h2', connections: 16, peers: threeServers };

const handshakes: Cell = { ...tls, peers: servers, connections: 8, reconnect: 'always' };

const manyHosts = { ...small, group: 'hosts', peers: ours };

/** As a browser sends it that was here before. */
const browserFields: Readonly<Record<string, string>> = {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language': 'en-GB,en;q=0.7,de;q=0.3',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  Referer: 'https://www.bench.example/catalogue/page/2?order=price',
  'Sec-Fetch-Dest': 'document',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Site': 'same-origin',
  'Cache-Control': 'max-age=0',
  Cookie: `session=${'3f9a'.repeat(16)}; consent=${'yn01'.repeat(118)}; basket=${'a7c2'.repeat(370)}`,
};

/** All measurements; the first one is the main figure. */
export const cells: readonly Cell[] = [
  small,
  {
    ...small,
    name: 'fields',
    about: '10 request fields, 2 KiB of cookies',
    peers: servers,
    requestFields: browserFields,
  },
  {
    ...small,
    name: '64k',
    about: 'answers of 64 KiB',
    connections: 16,
    responseBodyBytes: 64 * KIB,
  },
  {
    ...small,
    name: '1m',
    about: 'answers of 1 MiB',
    peers: servers,
    connections: 8,
    responseBodyBytes: MIB,
  },
  {
    ...small,
    name: '100m',
    about: 'answers of 100 MiB',
    peers: threeServers,
    hosts: 10,
    connections: 4,
    responseBodyBytes: 100 * MIB,
  },
  {
    ...small,
    name: 'chunked',
    about: 'answers in 16 chunks of 1 KiB',
    peers: threeServers,
    responseBodyBytes: 16 * KIB,
    framing: 'chunked',
  },
  {
    ...small,
    name: 'post-16k',
    about: 'uploads of 16 KiB',
    peers: servers,
    connections: 16,
    requestBodyBytes: 16 * KIB,
  },
  {
    ...small,
    name: 'post-1m',
    about: 'uploads of 1 MiB',
    peers: threeServers,
    connections: 8,
    requestBodyBytes: MIB,
  },
  tls,
  { ...h2, name: 'h2-1', about: 'HTTP/2 over TLS, one stream at a time' },
  {
    ...h2,
    name: 'h2-10',
    about: 'HTTP/2 over TLS, 10 streams at once',
    peers: servers,
    streams: 10,
    connections: 8,
  },
  {
    ...h2,
    name: 'h2-32',
    about: 'HTTP/2 over TLS, 32 streams at once',
    streams: 32,
    connections: 4,
  },
  {
    ...h2,
    name: 'h2-10k',
    about: 'HTTP/2 over TLS, 10 streams at once, answers of 10 KiB',
    streams: 10,
    connections: 8,
    responseBodyBytes: 10 * KIB,
  },
  {
    ...h2,
    name: 'grpc',
    about: 'gRPC, one message each way, 10 streams at once',
    peers: servers,
    protocol: 'grpc',
    streams: 10,
    connections: 8,
    requestBodyBytes: 105,
    responseBodyBytes: 105,
  },
  {
    ...small,
    name: 'websocket',
    about: 'WebSocket, echo of 1 KiB',
    peers: threeServers,
    protocol: 'websocket',
    connections: 32,
    responseBodyBytes: KIB,
  },
  {
    ...small,
    name: 'connect',
    about: 'a new TCP connection for each request',
    peers: threeServers,
    reconnect: 'always',
  },
  { ...handshakes, name: 'handshake', about: 'a new TLS connection for each request' },
  {
    ...handshakes,
    name: 'resumed',
    about: 'the same, each resuming a session',
    reconnect: 'resuming',
  },
  {
    ...small,
    name: 'logged',
    about: 'small answers, each with an access line to a file',
    peers: threeServers,
    accessLog: true,
  },
  { ...small, name: 'workers-2', about: 'small answers, 2 workers', peers: ours, workers: 2 },
  { ...manyHosts, name: 'hosts-1', about: 'small answers, 1 host', hosts: 1 },
  { ...manyHosts, name: 'hosts-1000', about: 'small answers, 1,000 hosts', hosts: 1_000 },
  { ...manyHosts, name: 'hosts-20000', about: 'small answers, 20,000 hosts', hosts: 20_000 },
];
