import type { Certificate } from '../model/config.ts';
import type { ObjectKey, UpstreamAddress } from './snapshot.ts';
import type { StreamProtocol } from './stream-services.ts';

/** What the command line says about translation. The same object for every call: results are remembered by it. */
export interface TranslateOptions {
  /** Value of the legacy annotation, and the class name that `ingressClassByName` accepts. `--ingress-class` */
  readonly ingressClass: string;
  /** `spec.controller` of our IngressClasses. `--controller-class` */
  readonly controllerClass: string;
  readonly ingressClassByName: boolean;
  /** Nobody else serves these objects (a folder of manifests), so an Ingress of another class is worth a finding. */
  readonly isOnlyController?: boolean;
  /** Keys of the ConfigMap that a flag decides, so that it is no finding that they have no effect. */
  readonly overruledKeys?: ReadonlySet<string>;
  readonly watchIngressWithoutClass: boolean;
  /** Empty: all. */
  readonly watchNamespaces: readonly string[];
  /** Kubernetes label selector; excludes `watchNamespaces`. */
  readonly namespaceSelector: string | undefined;
  /** Ignore Ingresses with `spec.defaultBackend`. */
  readonly disableCatchAll: boolean;
  readonly disableSvcExternalName: boolean;
  /** Honour `ssl-passthrough`. `--enable-ssl-passthrough` */
  readonly sslPassthrough?: boolean;
  readonly annotationsPrefix: string;
  readonly configMap: ObjectKey | undefined;
  /** Which list ports and the Services behind. `--tcp-services-configmap`, `--udp-services-configmap` */
  readonly streamConfigMaps?: Readonly<Partial<Record<StreamProtocol, ObjectKey>>>;
  readonly defaultBackendService: ObjectKey | undefined;
  readonly defaultSslCertificate: ObjectKey | undefined;
  readonly healthCheckPath: string;
  /** Serve endpoints at loopback and link-local addresses. */
  readonly allowLocalEndpoints: boolean;
  /** Where exchanges go unless the Ingress, the Service or the ConfigMap says otherwise. `auto`: as the snapshot says. */
  readonly upstreamAddress: UpstreamAddress | 'auto';
  /** Which addresses of Nodes are preferred for `node-port`. */
  readonly nodeAddressType: 'InternalIP' | 'ExternalIP';
  /** Follow the hints of EndpointSlices for zones and Nodes. `--enable-topology-aware-routing` */
  readonly topologyAware: boolean;
  /** The Node on which this process runs; undefined: not known, or none. */
  readonly nodeName: string | undefined;
  /** This machine's or pod's, as `parseAddress` spells them: no endpoint is there at one of `ownPorts`. */
  readonly ownAddresses: ReadonlySet<string>;
  /** Where the proxy and its admin server listen; a port that is not known beforehand is left out. */
  readonly ownPorts: ReadonlySet<number>;
  /** Presented where no other fits; made once by `createDefaultCertificate`. */
  readonly defaultCertificate: Certificate;
  /** Unix time, milliseconds: to tell which certificates have expired. Without it none is looked at. */
  readonly now?: () => number;
}
