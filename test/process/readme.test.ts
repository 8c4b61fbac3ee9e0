import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { parseServeOptions } from '../../src/cli/options.ts';
import { welcomeText } from '../../examples/quickstart/welcome.ts';

const root = join(import.meta.dirname, '../..');
const read = (file: string): Promise<string> => readFile(join(root, file), 'utf8');

test('README.md shows what npm start prints', async () => {
  const flags = ['--http-port=8080', '--https-port=8443'];
  const { ports } = parseServeOptions(['--manifests=.', ...flags]);
  const printed = welcomeText(ports, 'examples/quickstart', false);
  assert.ok((await read('README.md')).includes(`\`\`\`text${printed.trimEnd()}\n\`\`\``), printed);
});

for (const file of [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'docs/dependencies.md',
  'docs/architecture.md',
  'docs/decisions/pinned-node.md',
  'examples/quickstart/README.md',
]) {
  test(`${file} links to files that exist`, async () => {
    const links = [...(await read(file)).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)];
    const missing = links
      .map(([, target = '']) => target)
      .filter(
        (target) => !/^https?:/.test(target) && !existsSync(join(root, dirname(file), target)),
      );
    assert.deepEqual(missing, []);
  });
}

test('docs/dependencies.md has a row for each dependency, with its version', async () => {
  const page = await read('docs/dependencies.md');
  const { dependencies, devDependencies } = JSON.parse(await read('package.json')) as Record<
    'dependencies' | 'devDependencies',
    Record<string, string>
  >;
  const all = Object.entries({ ...dependencies, ...devDependencies });
  const rows = page.split('\n').filter((line) => line.startsWith('|'));
  const missing = all.filter(
    ([name, version]) => !rows.some((row) => row.includes(`\`${name}\``) && row.includes(version)),
  );
  assert.deepEqual(missing, []);
});
