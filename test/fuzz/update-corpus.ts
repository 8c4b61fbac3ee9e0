/** `npm run fuzz:corpus`: writes corpus/*.json anew from what the tests of test/blackbox/wire put on the wire. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const sides = ['client', 'upstream'] as const;

type Found = Readonly<Record<(typeof sides)[number], readonly string[]>>;

const folder = mkdtempSync(join(tmpdir(), 'ts-nginx-corpus-'));
try {
  // Chance has no place in a corpus that a seed shall replay.
  const args = ['--test', '--test-skip-pattern=chance', 'test/blackbox/wire/*.test.ts'];
  const preload = `--import=${join(import.meta.dirname, 'record-corpus.ts')}`;
  const env = { ...process.env, CORPUS_FOLDER: folder, NODE_OPTIONS: preload };
  const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' });
  if (status !== 0) throw new Error('the tests failed');
  const found = readdirSync(folder).map(
    (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Found,
  );
  for (const side of sides) {
    const streams = [...new Set(found.flatMap((file) => file[side]))].filter(isTelling).sort();
    const lines = streams.map((stream) => JSON.stringify(stream));
    writeFileSync(
      join(import.meta.dirname, 'corpus', `${side}.json`),
      `[\n  ${lines.join(',\n  ')}\n]\n`,
    );
    console.log(`${side}: ${streams.length} streams`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** Not one of the clean requests between the cases, nor the answer to it. */
function isTelling(stream: string): boolean {
  return stream !== '' && !/^GET \/clean\/\d+ |\r\n\r\nGET \/clean\/\d+ app\.test$/.test(stream);
}
