import type { RandomSource } from './balancer.ts';

/**
 * Two different positions out of `count` (at least 2), every pair as likely, as one number: `first * count + second`. An
 * array or object for each choice would cost more than the choice.
 */
export function drawTwo(count: number, random: RandomSource): number {
  const first = Math.floor(random() * count);
  const second = Math.floor(random() * (count - 1));
  return first * count + (second < first ? second : second + 1);
}
