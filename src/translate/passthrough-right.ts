import type { FilterConfig } from '../model/filter-config.ts';
import type { ClientVerificationResult } from './client-verification.ts';
import type { HostCore } from './host-core.ts';
import type { HostClaim } from './parsed-ingress.ts';
import type { HostResult } from './virtual-host.ts';

type ClientVerifications = ReadonlyMap<string, ClientVerificationResult>;

/**
 * Why the TLS of a host can't be passed through because an Ingress asks for it: half a sentence; undefined: it may be.
 * Connections that are passed through see no rule of any Ingress, so whoever has them has the whole host.
 * Source: docs/decisions/tls-passthrough.md.
 */
export function passthroughRefusal(
  claim: HostClaim,
  { core, host }: { readonly core: HostCore; readonly host: HostResult },
  clientVerifications: ClientVerifications,
): string | undefined {
  const guard = otherGuard(claim, { core, host }, clientVerifications);
  if (guard !== undefined) {
    return `The ${guard} guards access to ${core.host}, and its rules hold for requests alone`;
  }
  if (isOfOneNamespace(core)) return undefined;
  const [oldest] = core.claims;
  if (oldest !== undefined && oldest !== claim) {
    return `The older ${oldest.owner.object} has the host ${core.host}, which is not of this namespace alone`;
  }
  const [own] = host.virtualHosts;
  const roots = own?.routes.filter(({ labels }) => labels.path === '/') ?? [];
  if (roots.some(({ labels }) => isOf(claim, labels))) return undefined;
  return `The path "/" of ${core.host} is another Ingress's, and the host is not of this namespace alone`;
}

/** Whether one namespace has all that is said of the host. */
export function isOfOneNamespace({ claims }: HostCore): boolean {
  const [first] = claims;
  return claims.every(({ owner }) => owner.namespace === first?.owner.namespace);
}

export function isOf(
  { owner }: HostClaim,
  { namespace, ingress }: { readonly namespace: string; readonly ingress: string },
): boolean {
  return owner.namespace === namespace && owner.name === ingress;
}

/** Whether it says who gets in. */
export function isGuard({ kind }: FilterConfig): boolean {
  return kind === 'deny' || kind === 'ip-access';
}

/** An Ingress other than the one that asks, with rules of access on the host: `Ingress shop/web`. */
function otherGuard(
  claim: HostClaim,
  { core, host }: { readonly core: HostCore; readonly host: HostResult },
  clientVerifications: ClientVerifications,
): string | undefined {
  const others = core.claims.filter((each) => each !== claim);
  const guarded = host.virtualHosts[0]?.routes.filter(({ filters }) => filters.some(isGuard)) ?? [];
  const guard = others.find((each) => {
    const clients = clientVerifications.get(each.owner.object);
    const verifies = clients !== undefined && ('problem' in clients || clients.mode !== 'off');
    const isClosing = each.owner.annotations.standing === 'closes-host';
    return verifies || isClosing || guarded.some(({ labels }) => isOf(each, labels));
  });
  return guard?.owner.object;
}
