import type { Logger } from '../observability/logger.ts';
import { createDnsSource } from '../source/dns/dns-source.ts';
import { createKubernetesSource } from '../source/kubernetes/kubernetes-source.ts';
import { createManifestSource } from '../source/manifests/manifest-source.ts';
import { createAddressTrial } from '../source/reach/address-trial.ts';
import type { Source } from '../source/source.ts';
import type { Store } from '../source/store.ts';
import { checkFolders } from './check-folders.ts';
import { StartError } from './check-ports.ts';
import type { ServeOptions } from './options.ts';

/** What fills the store: a cluster or folders of manifests, and DNS beside either. Throws a `StartError` where there is neither. */
export function createSources(options: ServeOptions, store: Store, log: Logger): Source[] {
  const dns = createDnsSource({}, store, log.child({ component: 'dns' }));
  const sourceLog = log.child({ component: 'source' });
  const others =
    options.translate.upstreamAddress === 'auto'
      ? [dns, createAddressTrial({}, store, log.child({ component: 'upstream-address' }))]
      : [dns];
  if (options.manifests.length > 0) {
    checkFolders(options.manifests);
    const { configMap } = options.translate;
    const manifests = { folders: options.manifests, configMap };
    return [createManifestSource(manifests, store, sourceLog), ...others];
  }
  const { cluster } = options;
  try {
    const kubernetes = createKubernetesSource(
      {
        kubeconfig: cluster.kubeconfig,
        apiserverHost: cluster.apiserverHost,
        certificateAuthority: cluster.certificateAuthority,
        watchNamespaces: cluster.watchNamespaces,
        watchNamespaceObjects: cluster.namespaceSelector !== undefined,
      },
      store,
      sourceLog,
    );
    return [kubernetes, ...others];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(
      `no cluster to watch: ${reason}; give --kubeconfig FILE, or --manifests FOLDER for a folder of manifests`,
    );
  }
}
