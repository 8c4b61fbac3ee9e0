import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BINARY_VARIABLE, startCluster } from './cluster.ts';

/** A shell beside a running cluster, with `kubectl` and `KUBECONFIG`; the cluster ends with it. */
export async function openShell(): Promise<number> {
  const cluster = await startCluster();
  const bin = join(cluster.folder, 'bin');
  await mkdir(bin);
  const kubectl = `#!/bin/sh\nexec '${process.env[BINARY_VARIABLE] ?? ''}' kubectl "$@"\n`;
  await writeFile(join(bin, 'kubectl'), kubectl, { mode: 0o755 });
  console.error(`A cluster runs; files and logs are in ${cluster.folder}. It ends with this shell. Try

    kubectl apply -k deploy/kustomize/base && kubectl -n ts-nginx get pods -o wide --watch

Another terminal enters by: sudo nsenter --target ${await readlink('/proc/self')} --net --user --preserve-credentials
and needs: export KUBECONFIG=${cluster.kubeconfig} PATH=${bin}:$PATH
`);
  const shell = spawn(process.env['SHELL'] ?? 'sh', [], {
    stdio: 'inherit',
    env: {
      ...process.env,
      KUBECONFIG: cluster.kubeconfig,
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    },
  });
  const [code] = (await once(shell, 'exit')) as [number | null];
  await cluster.stop();
  return code ?? 1;
}
