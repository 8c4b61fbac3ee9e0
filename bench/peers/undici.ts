import type { Peer } from '../cell.ts';
import { startNodeServer } from './node-server.ts';
import { versionOfPackage } from './version-of-package.ts';

/** What one writes in an afternoon: Node's own server, and the fastest client that there is for it. A baseline. */
export const undici: Peer = {
  name: 'undici',
  install: 'npm install --no-save undici',
  warmUpSeconds: 4,
  describe: () => {
    const version = versionOfPackage('undici');
    return version === undefined ? undefined : `node:http and ${version}`;
  },
  start: (site, core) => startNodeServer('undici-server.ts', site, core),
};
