import type { BalancerConfig } from '../../model/config.ts';
import type { Balancer, RandomSource } from './balancer.ts';
import { ClientAffinity } from './client-affinity.ts';
import { ClientMemory } from './client-memory.ts';
import { ConsistentHash } from './consistent-hash.ts';
import { Ewma } from './ewma.ts';
import { ipvsCosts, LeastCost } from './least-cost.ts';
import { LeastRequest } from './least-request.ts';
import { RandomChoice } from './random.ts';
import { RoundRobin } from './round-robin.ts';
import { Sticky } from './sticky.ts';
import { SubsetHash } from './subset-hash.ts';

/** `random`: a seeded one makes choices that can be repeated. `clients`: shared by all workers. */
export function createBalancer(
  config: BalancerConfig,
  random: RandomSource = Math.random,
  clients?: ClientMemory,
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
    case 'client-affinity':
      return new ClientAffinity(config, clients ?? ClientMemory.alone);
    case 'sticky':
      return new Sticky(config, random);
  }
}
