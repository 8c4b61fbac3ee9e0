import { tlsSecret } from '../../cluster/harness/app.ts';
import { notFound, path, rule, served, type Feature } from '../feature.ts';

/** Hosts, wildcard hosts, and their certificates. */
export const hostRules: Feature = {
  name: 'Host rules',
  services: ['foo-bar-com', 'wildcard-foo-com', 'precise-foo-com', 'second-bar-com'],
  prepare: async (site) => {
    const { authority, namespace } = site;
    await site.cluster.apply(
      tlsSecret('foo-tls', namespace, authority.issue('foo.bar.com')),
      tlsSecret('second-tls', namespace, authority.issue('second.bar.com')),
    );
    const byName = { service: { name: 'foo-bar-com', port: { name: 'http' } } };
    await site.apply('host-rules', {
      tls: [
        { hosts: ['foo.bar.com'], secretName: 'foo-tls' },
        { hosts: ['second.bar.com'], secretName: 'second-tls' },
      ],
      rules: [
        rule('*.foo.com', path('Prefix', '/', 'wildcard-foo-com')),
        rule('foo.bar.com', { path: '/', pathType: 'Prefix', backend: byName }),
        rule('second.bar.com', path('Prefix', '/', 'second-bar-com')),
        rule('precise.foo.com', path('Prefix', '/', 'precise-foo-com')),
      ],
    });
    await site.untilExposed('host-rules');
  },
  scenarios: [
    served(
      'a host, over TLS with the certificate of its Secret',
      'https://foo.bar.com/',
      'foo-bar-com',
    ),
    served(
      'another host of the same Ingress, with its own certificate',
      'https://second.bar.com/',
      'second-bar-com',
    ),
    served('a host, in plaintext', 'http://foo.bar.com/', 'foo-bar-com'),
    served('name-based virtual hosts: another host', 'http://second.bar.com/', 'second-bar-com'),
    served(
      'the port of a Service by its name: every path of the host',
      'http://foo.bar.com/a/b?c=d',
      'foo-bar-com',
    ),
    notFound('foo.bar.com does not match subdomain.bar.com', 'http://subdomain.bar.com/'),
    notFound('foo.bar.com does not match a.foo.bar.com', 'http://a.foo.bar.com/'),
    served('*.foo.com matches bar.foo.com', 'http://bar.foo.com/', 'wildcard-foo-com'),
    notFound('*.foo.com does not match baz.bar.foo.com', 'http://baz.bar.foo.com/'),
    notFound('*.foo.com does not match foo.com', 'http://foo.com/'),
    served('a precise host goes before a wildcard', 'http://precise.foo.com/', 'precise-foo-com'),
  ],
  lastUrl: 'http://foo.bar.com/',
};
