import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/**
 * The arrows of the house (docs/architecture.md), linted: what a folder may import of its neighbours.
 * A folder that is not named may be imported by nobody but the composition root (main.ts, reconcile.ts, cli/).
 */
const LAYERS = {
  model: [],
  translate: ['model'],
  source: ['model', 'observability', 'translate/snapshot'],
  dataplane: ['model', 'observability'],
  workers: ['model', 'observability', 'dataplane'],
  observability: ['model'],
  admission: ['model', 'observability', 'translate', 'source'],
  explain: ['model', 'observability', 'dataplane'],
  admin: ['model', 'observability', 'explain'],
};

/** Packages that enter in one folder only; everywhere else they are refused. */
const PACKAGE_HOMES = {
  '@kubernetes/client-node': ['source'],
  'node-forge': ['translate'],
  pino: ['observability'],
  'prom-client': ['observability'],
  'find-my-way': ['admin'],
  re2js: ['dataplane', 'translate'],
  'ipaddr.js': ['dataplane', 'translate'],
  yaml: ['source', 'admin'],
};

/** What the pure folders may take of Node: computation alone, no I/O. Others may take everything. */
const NODE_MODULES = {
  model: [],
  translate: ['buffer', 'crypto', 'net', 'tls', 'util'],
};

/** A pure folder gives the same for the same: it looks at no clock and throws no dice. */
const IMPURE = [
  { object: 'Date', property: 'now' },
  { object: 'performance', property: 'now' },
  { object: 'Math', property: 'random' },
].map((entry) => ({ ...entry, message: 'model/ and translate/ are pure: pass it in.' }));

const folders = [
  'source',
  'translate',
  'model',
  'dataplane',
  'workers',
  'observability',
  'explain',
  'admin',
  'admission',
  'cli',
];

const PROCESS = [
  { object: 'process', property: 'env', message: 'Only main.ts reads the environment.' },
  { object: 'process', property: 'exit', message: 'Only main.ts exits.' },
];

const SYNTAX = [{ selector: 'ExportDefaultDeclaration', message: 'Named exports only.' }];

function layerRules(folder, allowed) {
  const patterns = folders
    .filter((other) => other !== folder && !allowed.includes(other))
    .map((other) => {
      const exceptions = allowed
        .filter((entry) => entry.startsWith(`${other}/`))
        .map((entry) => `(?!${entry.slice(other.length + 1)}\\.ts$)`)
        .join('');
      return {
        regex: `^(\\.\\./)+${other}/${exceptions}`,
        message: `${folder}/ may not import ${other}/ (docs/architecture.md, "Arrows").`,
      };
    });
  patterns.push({
    regex: '^(\\.\\./)+(main|reconcile)\\.ts$',
    message: 'Only the entry point wires things.',
  });
  for (const [name, homes] of Object.entries(PACKAGE_HOMES)) {
    if (!homes.includes(folder)) {
      patterns.push({
        regex: `^${name}(/|$)`,
        message: `${name} enters in ${homes.join(' and ')}/ only.`,
      });
    }
  }
  if (folder in NODE_MODULES) {
    const allowed = NODE_MODULES[folder].join('|') || 'nothing';
    patterns.push({ regex: `^node:(?!(${allowed})$)`, message: `${folder}/ does no I/O.` });
  }
  return {
    files: [`src/${folder}/**/*.ts`],
    ignores: ['src/**/*.test.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
  };
}

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.cache/', 'coverage/'] },
  js.configs.recommended,
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // node:test's test() and t.test() return promises that the runner itself awaits.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['test', 'suite', 'describe', 'it'] },
          ],
        },
      ],
      'no-console': 'error',
      'no-control-regex': 'off', // the wire is made of control bytes; patterns that refuse them must name them
      'no-restricted-syntax': ['error', ...SYNTAX],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/main.ts', 'src/workers/worker.ts', 'src/**/*.test.ts'],
    rules: {
      'no-restricted-properties': ['error', ...PROCESS],
    },
  },
  ...Object.entries(LAYERS).map(([folder, allowed]) => layerRules(folder, allowed)),
  {
    files: ['src/**/*.ts'],
    ignores: ['src/**/*.test.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...SYNTAX,
        { selector: 'ImportExpression', message: 'Arrows are static imports.' },
      ],
    },
  },
  {
    files: Object.keys(NODE_MODULES).map((folder) => `src/${folder}/**/*.ts`),
    ignores: ['src/**/*.test.ts'],
    rules: { 'no-restricted-properties': ['error', ...PROCESS, ...IMPURE] },
  },
  {
    files: ['src/cli/**/*.ts', 'bench/**/*.ts', 'test/**/*.ts', 'examples/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.js', '**/*.cjs'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', Buffer: 'readonly' },
    },
  },
  // The launcher must be parsed by any Node, or an old one could not be told that it is too old.
  {
    files: ['bin/**/*.js'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { require: 'readonly', module: 'writable', __dirname: 'readonly' },
    },
  },
  {
    files: ['bin/**/*.js'],
    ignores: ['bin/in-process.js'],
    languageOptions: { ecmaVersion: 2017 },
    rules: { 'no-unused-vars': ['error', { caughtErrors: 'none' }] }, // it has no `catch {`
  },
  {
    files: ['image/*.cjs'],
    languageOptions: {
      globals: { require: 'readonly', setInterval: 'readonly', clearInterval: 'readonly' },
    },
  },
  // The tools' own configuration files are read through their default export.
  { files: ['eslint.config.js'], rules: { 'no-restricted-syntax': 'off' } },
);
