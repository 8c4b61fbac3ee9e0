import type { BalancerConfig } from '../../model/config.ts';
import type { Balancer } from './balancer.ts';
import { RoundRobin } from './round-robin.ts';

const makers: Record<BalancerConfig['kind'], () => Balancer> = {
  'round-robin': () => new RoundRobin(),
};

export function createBalancer(config: BalancerConfig): Balancer {
  return makers[config.kind]();
}
