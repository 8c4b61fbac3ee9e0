import { createBalancer } from '../../src/dataplane/balancer/index.ts';
import { FieldList } from '../../src/dataplane/fields.ts';
import type { BalancerConfig } from '../../src/model/config.ts';
import { samplePick } from '../../test/unit/sample-pick.ts';
import type { MicroCase } from './harness.ts';

const SALT = 'salt';
const balancers: Readonly<Record<string, BalancerConfig>> = {
  round_robin: { kind: 'round-robin' },
  random: { kind: 'random' },
  least_request: { kind: 'least-request' },
  ewma: { kind: 'ewma' },
  lc: { kind: 'least-cost', cost: 'lc' },
  sed: { kind: 'least-cost', cost: 'sed' },
  'hash by $request_uri': { kind: 'hash', key: [{ kind: 'target' }], subset: 'none' },
  'hash by $http_x_user, subset': {
    kind: 'hash',
    key: [{ kind: 'field', name: 'x-user' }],
    subset: 3,
  },
  'ClientIP, a client that is known': {
    kind: 'client-affinity',
    service: 'shop-web-80',
    timeoutSeconds: 10_800,
  },
  'sticky, a session that is known': {
    kind: 'sticky',
    mode: 'persistent',
    cookie: 'INGRESSCOOKIE',
    changesOnFailure: false,
    salt: SALT,
  },
};

/** An attempt of each balancer, from the choice to the end, and what a change of the endpoints costs. */
export function balancingCases(count: number): MicroCase[] {
  const endpoints = Array.from({ length: count }, (_, index) => {
    const address = `10.0.${Math.floor(index / 250)}.${index % 250}`;
    return { address, port: 80, key: `${address}:80`, inFlight: 0, removed: false };
  });
  const shorter = endpoints.slice(1);
  return Object.entries(balancers).flatMap(([name, config]) => {
    const balancer = createBalancer(config);
    balancer.setEndpoints(endpoints);
    const first = samplePick();
    balancer.pick(first);
    const fields = new FieldList();
    fields.push('User-Agent', 'Mozilla/5.0');
    fields.push('X-User', 'ann');
    fields.push('Cookie', `theme=dark; INGRESSCOOKIE=${first.session ?? ''}`);
    const targets = Array.from({ length: 100 }, (_, index) => `/shop/item/${index}?page=2`);
    const contexts = targets.map((target) => samplePick({ target, fields, nowMs: 1 }));
    const changing = createBalancer(config);
    return [
      {
        name: `choose: ${name}, ${count} endpoints`,
        run: (turn) => {
          const endpoint = balancer.pick(contexts[turn % contexts.length] ?? first);
          if (endpoint === undefined) return undefined;
          balancer.began?.(endpoint);
          balancer.ended?.(endpoint, 5, turn);
          return endpoint;
        },
      },
      {
        name: `change: ${name}, one of ${count} endpoints comes or goes`,
        run: (turn) => {
          changing.setEndpoints(turn % 2 === 0 ? endpoints : shorter);
          return turn;
        },
      },
    ] satisfies MicroCase[];
  });
}
