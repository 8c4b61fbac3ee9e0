/** How a flag's text is read. A `duration` is Go's (`30s`, `1m30s`, `0`); `seconds` may be a bare number as well. */
export type FlagType = 'text' | 'boolean' | 'integer' | 'duration' | 'seconds' | 'list';

/**
 * `honoured`; `accepted`: has no meaning here, or none without nginx, and existing `args:` lists keep working;
 * `later`: has a meaning that is not there yet, so setting it is worth a warning.
 */
export type FlagUse = 'honoured' | 'accepted' | 'later';

export interface Flag {
  readonly name: string;
  readonly type: FlagType;
  readonly use: FlagUse;
  readonly doc: string;
  /** Shown in the help; the value itself is set where the options are made. */
  readonly default?: string;
}

const text = (name: string, doc: string, byDefault?: string): Flag =>
  make('text', name, doc, byDefault);
const boolean = (name: string, doc: string, byDefault = 'false'): Flag =>
  make('boolean', name, doc, byDefault);
const integer = (name: string, doc: string, byDefault?: string): Flag =>
  make('integer', name, doc, byDefault);
const duration = (name: string, doc: string, byDefault?: string): Flag =>
  make('duration', name, doc, byDefault);
const seconds = (name: string, doc: string, byDefault?: string): Flag =>
  make('seconds', name, doc, byDefault);
const list = (name: string, doc: string, byDefault?: string): Flag =>
  make('list', name, doc, byDefault);

function make(type: FlagType, name: string, doc: string, byDefault: string | undefined): Flag {
  return {
    name,
    type,
    use: 'honoured',
    doc,
    ...(byDefault === undefined ? {} : { default: byDefault }),
  };
}

const as = (use: FlagUse, flags: readonly Flag[]): Flag[] =>
  flags.map((flag) => ({ ...flag, use }));

/** Every flag of `serve`: ingress-nginx's under their own names (cli.md §1), and a few of our own. */
export const serveFlags: readonly Flag[] = [
  // Where the objects come from
  list(
    'manifests',
    'Folder of YAML or JSON manifests, watched, instead of a cluster; may be repeated',
  ),
  text(
    'kubeconfig',
    'Kubeconfig file; without it: the pod’s own account, else the user’s kubeconfig',
  ),
  text('apiserver-host', 'URL of the API server, in place of the kubeconfig’s'),
  text('certificate-authority', 'CA file for the API server'),
  list('watch-namespace', 'Serve the objects of this namespace only; may be repeated', 'all'),
  text('watch-namespace-selector', 'Serve the objects of namespaces whose labels match'),

  // Which Ingresses are served
  text(
    'ingress-class',
    'Value of the annotation kubernetes.io/ingress.class that is ours',
    'ts-nginx',
  ),
  text(
    'controller-class',
    'spec.controller of the IngressClasses that are ours',
    'ts-nginx.io/ingress-controller',
  ),
  boolean('ingress-class-by-name', 'An IngressClass named as --ingress-class is ours too'),
  boolean('watch-ingress-without-class', 'Serve Ingresses that name no class as well'),
  boolean('disable-catch-all', 'Ignore Ingresses that have spec.defaultBackend'),
  boolean('disable-svc-external-name', 'ExternalName Services count as having no endpoints'),
  boolean(
    'allow-local-endpoints',
    'Endpoints may be loopback and link-local addresses',
    'only with --manifests',
  ),
  text(
    'upstream-address',
    'How Services are reached: endpoints, cluster-ip, node-port, load-balancer; auto: tried at the start',
    'endpoints',
  ),
  text(
    'upstream-node-address',
    'Addresses of Nodes that node-port prefers: InternalIP or ExternalIP',
    'InternalIP',
  ),
  boolean(
    'enable-topology-aware-routing',
    'Follow hints of EndpointSlices for the zone, or Node, of NODE_NAME',
  ),
  text('annotations-prefix', 'Prefix of all annotations', 'nginx.ingress.kubernetes.io'),
  text('configmap', 'Global settings, <namespace>/<name>'),
  text('default-backend-service', 'Service for requests that nothing matches, <namespace>/<name>'),
  text(
    'default-ssl-certificate',
    'Secret of the default certificate, <namespace>/<name>',
    'self-signed',
  ),
  boolean(
    'enable-ssl-passthrough',
    'Honour the annotation ssl-passthrough: the endpoints of such hosts terminate TLS',
  ),

  // Ports
  integer('http-port', 'Plaintext port', '80'),
  integer('https-port', 'TLS port', '443'),
  text('bind', 'Address of both', '::'),
  integer('healthz-port', 'Admin port: health, metrics, configuration', '10254'),
  text('healthz-host', 'Address of the admin port', 'all'),
  text('health-check-path', 'Health path, on the admin port and for unknown hosts', '/healthz'),

  // Status of Ingresses, events, and which replica writes them
  boolean(
    'update-status',
    'Write the addresses of this controller to the status of Ingresses',
    'true',
  ),
  text('publish-service', 'Service whose addresses these are, <namespace>/<name>'),
  list('publish-status-address', '… or the addresses and host names themselves'),
  boolean(
    'report-node-internal-ip-address',
    'Without either of them: internal addresses of the nodes, not external ones',
  ),
  boolean('update-status-on-shutdown', 'Clear the status when the last replica stops', 'true'),
  integer('status-update-interval', 'Seconds between two looks at these addresses', '60'),
  text('election-id', 'Lease by which one replica is elected to write', 'ts-nginx-leader'),
  duration('election-ttl', 'How long after its last sign of life another takes over', '30s'),
  boolean('disable-leader-election', 'Write without a Lease'),
  boolean('disable-sync-events', 'No Sync events on Ingresses'),

  // The admission webhook
  text('validating-webhook', 'Listen address of the admission webhook, such as :8443', 'none'),
  text(
    'validating-webhook-certificate',
    'File of its certificate, read again when it changes; without it one is made and kept',
  ),
  text('validating-webhook-key', 'File of its key'),
  text(
    'validating-webhook-secret',
    'Secret in which the certificate is kept that is made, <namespace>/<name>',
    'ts-nginx-admission, beside the pod',
  ),
  text(
    'validating-webhook-configuration',
    'ValidatingWebhookConfiguration that is made to trust it',
    'named as the Secret',
  ),
  text(
    'validating-webhook-failure-policy',
    'Fail or Ignore, written there together with the trust',
    'as it is there',
  ),

  // The process
  integer('workers', 'Worker threads; 0: serve on the main thread', 'one a core'),
  integer(
    'memory-limit-mib',
    'Memory of the process, in MiB: at 92 % of it connections are not kept, at 95 % requests get 503; 0: no limit',
    'the container’s',
  ),
  seconds('shutdown-grace-period', 'Serve on for so long after SIGTERM, while not ready', '0'),
  seconds(
    'post-shutdown-grace-period',
    'Wait so long between the end of the drain and the exit',
    '0',
  ),
  duration('config-quiet-period', 'Gather changes until none came for so long', '5ms'),
  duration('config-max-delay', '… but not longer than this', '25ms'),
  integer('v', 'Verbosity: 2 and more also show debug lines', '0'),
  text('log-level', 'debug, info, warn or error', 'info'),

  // Metrics
  boolean('enable-metrics', 'Request, controller and process series on /metrics', 'true'),
  boolean('metrics-per-host', 'Label request series with the host', 'true'),
  boolean('metrics-per-undefined-host', 'Count requests for hosts nobody defines as well'),
  boolean('report-status-classes', 'Label 2xx instead of 200'),
  list('exclude-socket-metrics', 'Request series not to be exposed'),
  list(
    'time-buckets',
    'Histogram bounds, seconds',
    '0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,2.5,5,10',
  ),
  list(
    'length-buckets',
    'Histogram bounds of request_size and response_size, bytes',
    '10,20,…,100',
  ),
  list('size-buckets', 'Histogram bounds of bytes_sent, bytes', '10,100,1e3,…,1e7'),

  // Looking into the process
  boolean(
    'enable-profiling',
    'CPU profiles and heap snapshots by POST /debug/profile and /debug/heap on the admin port, from loopback',
  ),
  text(
    'profile-directory',
    'Folder for the CPU profiles, one of each thread, that SIGUSR2 asks for',
  ),
  integer('profile-seconds', 'How long a CPU profile runs', '30'),

  ...as('later', [
    boolean('enable-annotation-validation', 'Always on', 'true'),
    boolean('deep-inspect', 'Always on', 'true'),
    text('tcp-services-configmap', 'TCP streams'),
    text('udp-services-configmap', 'UDP streams'),
    boolean('enable-ssl-chain-completion', 'Fetch missing intermediates'),
    integer('health-check-timeout', 'Seconds of the internal probe', '10'),
  ]),

  ...as('accepted', [
    duration('sync-period', 'Informer resync'),
    text('sync-rate-limit', 'Reconfigurations per second'),
    text('maxmind-license-key', 'GeoIP'),
    text('maxmind-edition-ids', 'GeoIP'),
    text('maxmind-mirror', 'GeoIP'),
    integer('maxmind-retries-count', 'GeoIP'),
    duration('maxmind-retries-timeout', 'GeoIP'),
    integer('default-server-port', 'Internal to nginx'),
    integer('ssl-passthrough-proxy-port', 'Internal to nginx'),
    integer('status-port', 'Internal to nginx'),
    integer('stream-port', 'Internal to nginx'),
    integer('profiler-port', 'Go profiler; here --enable-profiling'),
    text('profiler-address', 'Go profiler; here --enable-profiling'),
    boolean('profiling', 'Go profiler; here --enable-profiling'),
    text('internal-logger-address', 'Internal to nginx'),
    integer('dynamic-configuration-retries', 'Internal to nginx'),
    boolean('disable-full-test', 'Webhook of ingress-nginx'),
    text('bucket-factor', 'Native histograms'),
    integer('max-buckets', 'Native histograms'),
    integer('monitor-max-batch-size', 'Internal to nginx'),
    boolean('logtostderr', 'klog'),
    boolean('alsologtostderr', 'klog'),
    boolean('add_dir_header', 'klog'),
    boolean('one_output', 'klog'),
    boolean('skip_headers', 'klog'),
    boolean('skip_log_headers', 'klog'),
    text('log_dir', 'klog'),
    text('log_file', 'klog'),
    text('log_file_max_size', 'klog'),
    text('log_backtrace_at', 'klog'),
    text('stderrthreshold', 'klog'),
    text('vmodule', 'klog'),
    duration('log-flush-frequency', 'klog'),
  ]),
];

/** Flags of `explain` and `status`, beside those of `serve` that say where the objects come from. */
export const inspectFlags: readonly Flag[] = [
  text('admin', 'Admin port of the running instance that is asked', 'http://127.0.0.1:10254'),
  text('output', 'text or json', 'text'),
  text('o', 'The same as --output'),
  list('header', 'explain: a field of the request, name:value; may be repeated'),
  list('namespace', 'status: only Ingresses of this namespace; may be repeated'),
  list('n', 'The same as --namespace'),
  text('fail-on', 'status: exit 1 where something is `closed`, or at least `partial`'),
  text('method', 'explain: method of the request', 'GET'),
  text('client', 'explain: address of the client', '192.0.2.1'),
];
