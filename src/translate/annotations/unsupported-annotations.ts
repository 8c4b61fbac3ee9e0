import { boolean } from '../value-parsers.ts';
import type { Risk } from './feature.ts';

/** What it means that an annotation of ingress-nginx is not honoured. */
export type UnsupportedEffect =
  /** It has no effect, and that is reported. */
  | 'ignored'
  /** It has none by design: there is nothing here that it could act on. */
  | 'meaningless'
  /** It guards access: the paths of the Ingress answer 503. */
  | 'closes-paths'
  /** It guards a whole host, whoever its paths come from. */
  | 'closes-host'
  /** The Ingress adds to another one, and can't stand for itself. */
  | 'leaves-out';

export interface UnsupportedAnnotation {
  readonly risk: Risk;
  readonly effect: UnsupportedEffect;
  /** Asks for nothing: the default of ingress-nginx. With this value, and only then, the annotation may stand as it is. */
  readonly usual: string;
  readonly doc: string;
}

/** `[name, risk, usual value, what it is for]` */
type Row = readonly [string, Risk, string, string];

/**
 * Guards. Whoever wrote one of them believes that a path is protected; so it is closed until the protection is real. Their
 * companions (a realm, a cache time, a list of exemptions) say how, not whether: alone they protect nothing in ingress-nginx
 * either, and beside their guard the path is closed by that.
 */
const pathGuards: readonly Row[] = [
  ['auth-type', 'low', '', 'Basic or digest authentication.'],
  ['auth-secret', 'medium', '', 'Users for `auth-type`.'],
  ['auth-url', 'high', '', 'External authentication.'],
  ['auth-signin', 'high', '', 'Where clients without authentication are sent.'],
  [
    'auth-response-headers',
    'medium',
    '',
    'Fields of the authentication answer that endpoints rely on.',
  ],
  ['satisfy', 'low', 'all', 'How address rules and authentication combine.'],
  ['limit-rps', 'low', '0', 'Requests a second for each client.'],
  ['limit-rpm', 'low', '0', 'Requests a minute for each client.'],
  ['limit-connections', 'low', '0', 'Requests at once for each client.'],
  ['enable-owasp-core-rules', 'low', 'false', 'OWASP rules of ModSecurity.'],
  ['modsecurity-snippet', 'critical', '', 'Rules of ModSecurity.'],
  ['configuration-snippet', 'critical', '', 'Raw nginx configuration of a path.'],
  ['auth-snippet', 'critical', '', 'Raw nginx configuration of the authentication request.'],
];

const hostGuards: readonly Row[] = [
  ['server-snippet', 'critical', '', 'Raw nginx configuration of a host.'],
];

const ignored: readonly Row[] = [
  ['canary-by-header', 'medium', '', 'Header that chooses a canary.'],
  ['canary-by-header-value', 'medium', '', 'Value of that header.'],
  ['canary-by-header-pattern', 'medium', '', 'Pattern for that header.'],
  ['canary-by-cookie', 'medium', '', 'Cookie that chooses a canary.'],
  ['canary-weight', 'low', '0', 'Share of a canary.'],
  ['canary-weight-total', 'low', '100', 'What that share is a part of.'],
  ['affinity-canary-behavior', 'low', 'sticky', 'Session affinity of canaries.'],
  ['relative-redirects', 'low', 'false', 'Redirects without scheme and host.'],
  ['from-to-www-redirect', 'low', 'false', 'Redirect between a host with and without `www.`.'],
  ['x-forwarded-prefix', 'medium', '', 'X-Forwarded-Prefix for endpoints.'],
  ['upstream-vhost', 'low', '', 'Host for endpoints.'],
  ['use-port-in-redirects', 'low', 'false', 'Port in redirects.'],
  ['enable-cors', 'low', 'false', 'CORS answers by the proxy.'],
  ['cors-allow-origin', 'medium', '*', 'Origins that CORS allows.'],
  [
    'cors-allow-methods',
    'medium',
    'GET, PUT, POST, DELETE, PATCH, OPTIONS',
    'Methods that CORS allows.',
  ],
  ['cors-allow-headers', 'medium', '', 'Request fields that CORS allows.'],
  ['cors-expose-headers', 'medium', '', 'Answer fields that CORS shows.'],
  ['cors-allow-credentials', 'low', 'true', 'Credentials with CORS.'],
  ['cors-max-age', 'low', '1728000', 'How long a CORS answer holds.'],
  ['auth-secret-type', 'low', 'auth-file', 'Form of `auth-secret`.'],
  ['auth-realm', 'medium', '', 'Realm of `auth-type`.'],
  ['auth-method', 'low', '', 'Method of the authentication request.'],
  ['auth-signin-redirect-param', 'medium', 'rd', 'Parameter of `auth-signin`.'],
  ['auth-proxy-set-headers', 'medium', '', 'Fields of the authentication request.'],
  ['auth-request-redirect', 'medium', '', 'X-Auth-Request-Redirect.'],
  ['auth-always-set-cookie', 'low', 'false', 'Cookies of the authentication answer.'],
  ['auth-cache-key', 'medium', '', 'Cache of authentication answers.'],
  ['auth-cache-duration', 'medium', '', 'How long these hold.'],
  ['auth-keepalive', 'low', '0', 'Connections to the authentication service.'],
  ['auth-keepalive-requests', 'low', '1000', 'Requests on one of these.'],
  ['auth-keepalive-timeout', 'low', '60', 'Idle time of one of these.'],
  ['limit-burst-multiplier', 'low', '5', 'Burst of `limit-rps` and `limit-rpm`.'],
  ['limit-allowlist', 'low', '', 'Clients without limits.'],
  ['limit-whitelist', 'low', '', 'Clients without limits.'],
  ['limit-rate', 'low', '0', 'Bytes a second of an answer.'],
  ['limit-rate-after', 'low', '0', 'Bytes before `limit-rate`.'],
  [
    'proxy-buffer-size',
    'low',
    '4k',
    'Largest head of an answer; here 16 KiB, and the ConfigMap key of that name raises it.',
  ],
  ['proxy-http-version', 'low', '1.1', 'HTTP version for endpoints.'],
  ['connection-proxy-header', 'low', '', 'Connection field for endpoints.'],
  ['proxy-cookie-domain', 'medium', 'off', 'Domain of cookies of endpoints.'],
  ['proxy-cookie-path', 'medium', 'off', 'Path of cookies of endpoints.'],
  ['proxy-redirect-from', 'medium', 'off', 'Redirects of endpoints.'],
  ['proxy-redirect-to', 'medium', 'off', 'Redirects of endpoints.'],
  ['custom-headers', 'medium', '', 'Fields of every answer.'],
  ['fastcgi-index', 'medium', '', 'FastCGI.'],
  ['fastcgi-params-configmap', 'medium', '', 'FastCGI.'],
  ['mirror-target', 'high', '', 'A copy of each request.'],
  ['mirror-request-body', 'low', 'on', 'Body of that copy.'],
  ['mirror-host', 'high', '', 'Host of that copy.'],
  ['custom-http-errors', 'low', '', 'Statuses that the default backend answers.'],
  ['default-backend', 'low', '', 'Service for errors and for missing endpoints.'],
  ['disable-proxy-intercept-errors', 'low', 'false', 'Errors of endpoints stay.'],
  ['enable-access-log', 'low', 'true', 'Access log of the paths.'],
  ['enable-opentelemetry', 'low', 'false', 'Traces.'],
  ['opentelemetry-trust-incoming-span', 'low', 'true', 'Trace of the client.'],
  ['opentelemetry-operation-name', 'medium', '', 'Name of spans.'],
  ['modsecurity-transaction-id', 'high', '', 'Id for ModSecurity.'],
  ['stream-snippet', 'critical', '', 'Raw nginx configuration for TCP and UDP.'],
];

const meaningless: readonly Row[] = [
  ['proxy-buffers-number', 'low', '4', 'Buffers of nginx.'],
  ['proxy-busy-buffers-size', 'low', '', 'Buffers of nginx.'],
  ['proxy-max-temp-file-size', 'low', '1024m', 'Files of nginx.'],
  ['auth-keepalive-share-vars', 'low', 'false', 'Variables of nginx.'],
  ['enable-rewrite-log', 'low', 'false', 'Log of nginx.'],
  ['http2-push-preload', 'low', 'false', 'HTTP/2 push, which clients do not take any more.'],
];

const rowsByEffect: readonly (readonly [UnsupportedEffect, readonly Row[]])[] = [
  ['leaves-out', [['canary', 'low', 'false', 'The Ingress is a second backend of another one.']]],
  ['closes-paths', pathGuards],
  ['closes-host', hostGuards],
  ['ignored', ignored],
  ['meaningless', meaningless],
];

/** Annotations of ingress-nginx that are known and not honoured, by name. */
export const unsupportedAnnotations: ReadonlyMap<string, UnsupportedAnnotation> = new Map(
  rowsByEffect.flatMap(([effect, rows]) =>
    rows.map(([name, risk, usual, doc]) => [name, { risk, effect, usual, doc }] as const),
  ),
);

/** Annotations that older releases of ingress-nginx understood, and what to do instead. A name that ends in `-` stands for all that begin so. */
export const removedAnnotations: ReadonlyMap<string, string> = new Map([
  ['session-cookie-hash', 'nothing'],
  ['secure-backends', 'use backend-protocol "HTTPS"'],
  ['grpc-backend', 'use backend-protocol "GRPC"'],
  ['secure-verify-ca-secret', 'use proxy-ssl-secret'],
  ['add-base-url', 'nothing'],
  ['base-url-scheme', 'nothing'],
  ['upstream-max-fails', 'nothing'],
  ['upstream-fail-timeout', 'nothing'],
  ['lua-resty-waf', 'nothing'],
  ['lua-resty-waf-', 'nothing'],
  ['enable-influxdb', 'nothing'],
  ['influxdb-', 'nothing'],
  ['enable-opentracing', 'use enable-opentelemetry'],
  ['opentracing-', 'use enable-opentelemetry'],
  ['global-rate-limit', 'use limit-rps'],
  ['global-rate-limit-', 'use limit-rps'],
]);

/** Whether a value says no more than the default does: spellings of a truth value and numbers are compared by meaning. */
export function isUsualValue({ usual }: UnsupportedAnnotation, text: string): boolean {
  const truth = boolean();
  if (usual === '0') return /^[+-]?\d+$/.test(text) && Number(text) <= 0;
  if (usual === 'true' || usual === 'false') return truth.parse(text) === truth.parse(usual);
  return usual !== '' && text.toLowerCase() === usual.toLowerCase();
}
