import type { BalancerConfig } from '../../model/config.ts';
import type { Balancer, RandomSource } from './balancer.ts';
import { ConsistentHash } from './consistent-hash.ts';
import { Ewma } from './ewma.ts';
import { ipvsCosts, LeastCost } from './least-cost.ts';
import { LeastRequest } from './least-request.ts';
import { RandomChoice } from './random.ts';
import { RoundRobin } from './round-robin.ts';
import { Sticky } from './sticky.ts';
import { SubsetHash } from './subset-hash.ts';

/** `random`: a seeded one makes choices that can be repeated. */
export function createBalancer(
  config: BalancerConfig,
  random: RandomSource = Math.random,
): Balancer {
  switch (config.kind) {
    case 'round-robin':
      return new RoundRobin(random);
    case 'random':
      return new RandomChoice(random);
    case 'least-request':
      return new LeastRequest(random);
    case 'ewma':
      return new Ewma(random);
    case 'least-cost':
      return new LeastCost(ipvsCosts[config.cost]);
    case 'hash':
      return config.subset === 'none'
        ? new ConsistentHash(config.key)
        : new SubsetHash(config.key, config.subset, random);
    case 'sticky':
      return new Sticky(config, random);
  }
}
