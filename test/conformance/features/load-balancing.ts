import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { eventually } from '../../cluster/harness/eventually.ts';
import { backend, type Feature } from '../feature.ts';
import type { Question, Site } from '../site.ts';

const SERVICE = 'echo-service';
const MANY = 10;
const FEW = 3;
const REQUESTS = 100;
const URL_OF_ANY_HOST = 'http://load-balancing/';

/** Every ready pod of a Service has its share, and no other pod has any. */
export const loadBalancing: Feature = {
  name: 'Load balancing',
  services: [SERVICE],
  prepare: async (site) => {
    await site.apply('load-balancing', { defaultBackend: backend(SERVICE) });
    await site.untilExposed('load-balancing');
    await site.scale(SERVICE, MANY);
    await eventually(`${MANY} pods answer`, async () => {
      assert.equal((await podsThatAnswer(site, {})).size, MANY);
    });
  },
  scenarios: [
    {
      name: `${REQUESTS} requests, each on a connection of its own: ${MANY} pods`,
      check: async (site) => {
        assert.equal((await podsThatAnswer(site, {})).size, MANY);
      },
    },
    {
      name: `${REQUESTS} requests on one kept connection: ${MANY} pods`,
      check: async (site) => {
        const agent = new Agent({ keepAlive: true, maxSockets: 1 });
        try {
          assert.equal((await podsThatAnswer(site, { agent })).size, MANY);
        } finally {
          agent.destroy();
        }
      },
    },
    {
      name: `after scaling to ${FEW}: ${FEW} pods`,
      check: async (site) => {
        await site.scale(SERVICE, FEW);
        await eventually(`only ${FEW} pods answer`, async () => {
          assert.equal((await podsThatAnswer(site, {})).size, FEW);
        });
      },
    },
  ],
  lastUrl: URL_OF_ANY_HOST,
};

/** The names of the pods that answered; throws when one request was not answered by a pod. */
async function podsThatAnswer(
  site: Site,
  extras: Pick<Question, 'agent'>,
): Promise<ReadonlySet<string>> {
  const pods = new Set<string>();
  for (let sent = 0; sent < REQUESTS; sent++) {
    const { echo } = await site.assertServed({ url: URL_OF_ANY_HOST, ...extras }, SERVICE);
    pods.add(echo.pod);
  }
  return pods;
}
