import type { Route } from '../model/config.ts';
import type { Finding } from '../model/finding.ts';

/** Tells routes that nobody wrote: the `/` of a host that no rule is for, which answers 404 or asks the default backend. */
export type IsImplicit = (route: Route) => boolean;

/** A backend that is a `resource` looks the same and was written: its finding tells it. */
export function implicitRoutes(findings: readonly Finding[]): IsImplicit {
  const withResource = new Set(
    findings
      .filter(({ code }) => code === 'backend-resource-unsupported')
      .map(({ object }) => object),
  );
  return ({ labels: { namespace, ingress, service, path } }) =>
    path === '/' && service === '' && !withResource.has(`Ingress ${namespace}/${ingress}`);
}
