import assert from 'node:assert/strict';
import { backend, notFound, path, rule, served, type Feature, type Scenario } from '../feature.ts';

const EXAMPLES: readonly (readonly [method: string, url: string])[] = [
  ['GET', 'http://my-host/'],
  ['GET', 'http://my-host/sub-path'],
  ['POST', 'http://some-host/'],
  ['PUT', 'http://10.244.0.2/resource'],
  ['DELETE', 'http://some-host/resource'],
  ['PATCH', 'http://my-host/resource'],
];
/** What every answer tells about itself. */
const FIELDS = ['content-length', 'content-type', 'date', 'server'];

/** `spec.defaultBackend`, alone and beside rules, and rules for all hosts. */
export const defaultBackend: Feature = {
  name: 'Default backend',
  services: ['everything', 'ruled', 'rest', 'any-host'],
  prepare: async (site) => {
    await site.apply('single-service', { defaultBackend: backend('everything') });
    await site.apply('with-rules', {
      defaultBackend: backend('rest'),
      rules: [rule('ruled.test', path('Prefix', '/ruled', 'ruled'))],
    });
    await site.untilExposed('single-service');
    await site.untilExposed('with-rules');
  },
  scenarios: [
    ...EXAMPLES.map(([method, url]) => singleService(method, url)),
    served('beside rules: what a rule matches is not its', 'http://ruled.test/ruled/x', 'ruled'),
    served('beside rules: what no path of the host matches', 'http://ruled.test/other', 'rest'),
    {
      name: 'a rule without a host takes what no rule with a host takes',
      check: async (site) => {
        await site.delete('single-service');
        await site.apply('any-host', {
          rules: [rule(undefined, path('Prefix', '/any', 'any-host'))],
        });
        await site.untilExposed('any-host');
        await site.assertServed({ url: 'http://unknown.test/any/path' }, 'any-host');
        await site.assertServed({ url: 'http://ruled.test/ruled' }, 'ruled');
      },
    },
    notFound('without one: 404 of the controller itself', 'http://unknown.test/'),
    {
      name: 'an Ingress that is changed is served as it is now',
      check: async (site) => {
        const paths = path('Prefix', '/', 'any-host');
        await site.apply('changed', { rules: [rule('before.test', paths)] });
        await site.untilExposed('changed');
        await site.assertServed({ url: 'http://before.test/' }, 'any-host');
        const withAnother = [rule('before.test', paths), rule('later.test', paths)];
        await site.apply('changed', { rules: withAnother });
        await site.untilServed({ url: 'http://later.test/' }, 'any-host');
        await site.assertServed({ url: 'http://before.test/' }, 'any-host');
      },
    },
  ],
  lastUrl: 'http://ruled.test/ruled',
};

function singleService(method: string, url: string): Scenario {
  return {
    name: `an Ingress without rules: ${method} ${url}`,
    check: async (site) => {
      const headers = { 'user-agent': 'conformance/1.1' };
      const { answer, echo } = await site.assertServed({ url, method, headers }, 'everything');
      for (const name of FIELDS) assert.ok(answer.headers[name], `the answer has no ${name}`);
      assert.equal(answer.httpVersion, '1.1');
      assert.equal(echo.method, method);
      assert.equal(echo.proto, 'HTTP/1.1');
      assert.deepEqual(echo.headers['User-Agent'], ['conformance/1.1']);
    },
  };
}
