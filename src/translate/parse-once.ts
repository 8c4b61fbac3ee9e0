import type { Memory } from './memory.ts';
import { parseIngress, type ParsedIngress, type ParsingContext } from './parsed-ingress.ts';
import type { Ingress } from './snapshot.ts';

/** An Ingress is parsed again only where the ConfigMap means something else. */
export function parseOnce(
  ingress: Ingress,
  { options, global, memory }: ParsingContext & { readonly memory: Memory },
): ParsedIngress {
  const known = memory.ingresses.get(ingress);
  if (known?.global === global) return known.parsed;
  const parsed = parseIngress(ingress, { options, global });
  memory.ingresses.set(ingress, { global, parsed });
  return parsed;
}
