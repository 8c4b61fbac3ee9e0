import { peerNames, type Peer, type PeerName } from '../cell.ts';
import { caddy } from './caddy.ts';
import { haproxy } from './haproxy.ts';
import { httpProxy } from './http-proxy.ts';
import { nginx } from './nginx.ts';
import { tsNginx } from './ts-nginx.ts';
import { undici } from './undici.ts';

const byName: Readonly<Record<PeerName, Peer>> = {
  nginx,
  'ts-nginx': tsNginx,
  haproxy,
  caddy,
  'http-proxy': httpProxy,
  undici,
};

/** All of them, in the order of the table. */
export const peers: readonly Peer[] = peerNames.map((name) => byName[name]);
