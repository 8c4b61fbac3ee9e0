import type { Feature } from '../feature.ts';
import { defaultBackend } from './default-backend.ts';
import { hostRules } from './host-rules.ts';
import { ingressClass } from './ingress-class.ts';
import { loadBalancing } from './load-balancing.ts';
import { pathRules } from './path-rules.ts';

/** The five features of the official suite, in the order in which they are tried. */
export const features: readonly Feature[] = [
  hostRules,
  pathRules,
  ingressClass,
  defaultBackend,
  loadBalancing,
];
