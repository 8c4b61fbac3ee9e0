import type { Peer } from '../cell.ts';
import { startNodeServer } from './node-server.ts';
import { versionOfPackage } from './version-of-package.ts';

/** The proxy library that is most used with Node, with a keep-alive agent: a baseline. */
export const httpProxy: Peer = {
  name: 'http-proxy',
  install: 'npm ci',
  warmUpSeconds: 4,
  describe: () => versionOfPackage('http-proxy'),
  start: (site, core) => startNodeServer('http-proxy-server.ts', site, core),
};
