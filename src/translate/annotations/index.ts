import { affinity } from './affinity.ts';
import { appRoot } from './app-root.ts';
import { authTls } from './auth-tls.ts';
import { backendProtocol } from './backend-protocol.ts';
import { buffering } from './buffering.ts';
import type { Feature } from './feature.ts';
import { globalGuards } from './global-guards.ts';
import { ipAccess } from './ip-access.ts';
import { loadBalance } from './load-balance.ts';
import { proxyBodySize } from './proxy-body-size.ts';
import { proxyTimeouts } from './proxy-timeouts.ts';
import { proxySsl } from './proxy-ssl.ts';
import { redirect } from './redirect.ts';
import { retries } from './retries.ts';
import { rewriteTarget } from './rewrite-target.ts';
import { serverAlias } from './server-alias.ts';
import { serviceUpstream } from './service-upstream.ts';
import { sslCiphers, sslPreferServerCiphers } from './ssl-ciphers.ts';
import { sslPassthrough } from './ssl-passthrough.ts';
import { sslRedirect } from './ssl-redirect.ts';
import { upstreamHash } from './upstream-hash.ts';

/**
 * Every feature, in the order in which the filters act (annotations.yaml `evaluation_order`): what closes a path before
 * redirects, these before the rewrite and the way to TLS, and access control last. Those without a filter follow.
 */
export const features: readonly Feature[] = [
  authTls,
  appRoot,
  globalGuards,
  redirect,
  rewriteTarget,
  sslRedirect,
  ipAccess,
  proxyTimeouts,
  proxyBodySize,
  retries,
  buffering,
  backendProtocol,
  proxySsl,
  serviceUpstream,
  loadBalance,
  upstreamHash,
  affinity,
  serverAlias,
  sslPassthrough,
  sslCiphers,
  sslPreferServerCiphers,
];
