{{/* One line each: what of the values has no effect here, or not the one that was meant. */}}
{{- define "ts-nginx.notes" -}}
{{- $controller := .Values.controller -}}
{{- $webhooks := $controller.admissionWebhooks -}}
{{- $image := include "ts-nginx.controllerImage" . | fromJson -}}
{{- range $key, $consequence := include "ts-nginx.closingKeys" . | fromYaml }}
* controller.config.{{ $key }}: {{ $consequence }}.
{{- end }}
{{- range $protocol, $ports := dict "tcp" .Values.tcp "udp" .Values.udp }}
{{- with $ports }}
* {{ $protocol }}: no effect. The ports are opened in Services and pods, and nothing listens on port {{ keys . | sortAlpha | join ", " }}.
{{- end }}
{{- end }}
{{- if .Values.tsNginxPrepared.reused }}
* The values are another chart's (--reuse-values): class {{ $controller.ingressClass }} and the names of {{ include "ingress-nginx.name" . }} are kept.
{{- end }}
{{- range splitList "\n" .Values.tsNginxPrepared.unknown }}
{{- with trim . }}
* {{ . }}: not a value of this chart. It has no effect; look for a misspelling.
{{- end }}
{{- end }}
{{- with $image.leftover }}
* controller.image: {{ . }} is ingress-nginx's and was not used. The image is {{ $image.name }}.
{{- end }}
{{- if .Values.defaultBackend.enabled }}
{{- $backendImage := include "ts-nginx.backendImage" . | fromJson }}
{{- with $backendImage.leftover }}
* defaultBackend.image: {{ . }} was not used. The image is {{ $backendImage.name }}, which answers the same; one of your own needs another name.
{{- end }}
{{- end }}
{{- $namespace := include "ingress-nginx.namespace" . }}
{{- $watched := default $namespace $controller.scope.namespace }}
{{- if and .Values.defaultBackend.enabled $controller.scope.enabled (ne $watched $namespace) (not (include "ts-nginx.extraArg" (dict "root" . "name" "default-backend-service"))) }}
* defaultBackend: its Service is in namespace {{ $namespace }}, and namespace {{ $watched }} alone is watched (controller.scope), so that the built-in 404 answers in its place. Name a Service there by controller.extraArgs.default-backend-service.
{{- end }}
{{- with include "ts-nginx.configNotes" . | trim }}
{{ . }}
{{- end }}
{{- if and $controller.watchIngressWithoutClass (ne $controller.ingressClassResource.controllerValue "k8s.io/ingress-nginx") }}
* controller.watchIngressWithoutClass: if ingress-nginx still serves Ingresses without a class, both do, and take turns in writing their status. Remove it until the old release is gone.
{{- end }}
{{- if or $controller.image.chroot $controller.image.digestChroot }}
* controller.image.chroot: no effect. There is no second image, and no capability for it.
{{- end }}
{{- if not $controller.enableAnnotationValidations }}
* controller.enableAnnotationValidations: no effect. Annotations are always validated.
{{- end }}
{{- if not $controller.enableMimalloc }}
* controller.enableMimalloc: no effect.
{{- end }}
{{- if $controller.maxmindLicenseKey }}
* controller.maxmindLicenseKey: no effect. It was rendered nowhere.
{{- end }}
{{- if $controller.customTemplate.configMapName }}
* controller.customTemplate: no effect. Access rules in it are not enforced.
{{- end }}
{{- if $controller.extraModules }}
* controller.extraModules: no effect. No nginx module is loaded.
{{- end }}
{{- if $controller.allowSnippetAnnotations }}
* controller.allowSnippetAnnotations: snippets are nginx configuration, which is never run. Which Ingresses are served without them, docs/configmap.md says.
{{- end }}
{{- if $webhooks.enabled }}
* controller.admissionWebhooks: the API server must reach port {{ include "ts-nginx.text" $webhooks.port }} of the pods; on private GKE and EKS clusters a firewall rule lets it.
{{- if and .Values.rbac.scope (eq "true" (include "ts-nginx.keepsCertificate" .)) }}
* controller.admissionWebhooks: without a ClusterRole nobody makes the API server trust the webhook, which therefore stops nobody. Set controller.admissionWebhooks.enabled to false, or certManager.enabled to true.
{{- end }}
{{- end }}
{{- range $key := list "extraEnvs" "createSecretJob" "patchWebhookJob" }}
{{- if index $webhooks $key }}
* controller.admissionWebhooks.{{ $key }}: no effect. No Jobs run.
{{- end }}
{{- end }}
{{- with omit (default dict $webhooks.patch) "enabled" }}
* controller.admissionWebhooks.patch.{{ keys . | sortAlpha | join ", " }}: no effect. No Jobs run.
{{- end }}
{{- if .Values.podSecurityPolicy }}
* podSecurityPolicy: no effect. Kubernetes has none any more.
{{- end }}
{{- range $key := list "opentelemetry" "stats" "networkPolicyEnabled" "maxmindMirror" "omitClusterIP" "existingPsp" }}
{{- if hasKey $controller $key }}
* controller.{{ $key }}: no effect. ingress-nginx's chart has lost it, too.
{{- end }}
{{- end }}
{{- if hasKey $controller.autoscaling "apiVersion" }}
* controller.autoscaling.apiVersion: no effect. It is autoscaling/v2.
{{- end }}
{{- if and $controller.autoscaling.enabled $controller.keda.enabled }}
* controller.autoscaling and controller.keda are both enabled: neither was rendered. Choose one.
{{- else if and (eq $controller.kind "DaemonSet") (or $controller.autoscaling.enabled $controller.keda.enabled) }}
* controller.autoscaling, controller.keda: no effect on a DaemonSet.
{{- end }}
{{- if and (eq (include "ts-nginx.scaler" .) "hpa") $controller.autoscaling.targetMemoryUtilizationPercentage }}
* controller.autoscaling.targetMemoryUtilizationPercentage: memory doesn't fall with the load, so this may stay at maxReplicas.
{{- end }}
{{- if and $controller.service.enabled $controller.service.internal.enabled (not $controller.service.internal.annotations) }}
* controller.service.internal: not rendered. Without annotations that make its balancer internal it would be public.
{{- end }}
{{- $placement := include "ts-nginx.render" (dict "root" . "value" (list $controller.affinity $controller.topologySpreadConstraints)) }}
{{- if and (regexMatch "(?m)[:-] '?ingress-nginx'?$" $placement) (ne "ingress-nginx" (include "ingress-nginx.name" .)) }}
* controller.affinity or topologySpreadConstraints select the label "ingress-nginx", which these pods don't have: write {{ include "ingress-nginx.name" . }}.
{{- end }}
{{- range $controller.extraVolumeMounts }}
{{- if hasPrefix "/etc/nginx/" (default "" .mountPath) }}
* controller.extraVolumeMounts: nothing reads {{ .mountPath }}.
{{- end }}
{{- end }}
{{- range $kind := list "requests" "limits" }}
{{- $memory := include "ts-nginx.text" (default "" (default dict (index (default dict $controller.resources) $kind)).memory) }}
{{- if and (regexMatch "^[0-9]+Mi$" $memory) (lt (trimSuffix "Mi" $memory | int) 192) }}
* controller.resources.{{ $kind }}.memory: {{ $memory }} is little. With two workers and a few hundred Ingresses, ts-nginx takes about 200Mi.
{{- end }}
{{- end }}
{{- range $key := keys $controller.service.annotations | sortAlpha }}
{{- if and (hasSuffix "-proxy-protocol" $key) (ne "true" (include "ts-nginx.text" (default "" (index $controller.config "use-proxy-protocol")))) }}
* controller.service.annotations has {{ $key }}, and controller.config has no use-proxy-protocol: "true". All requests will fail while only one side speaks the PROXY protocol.
{{- end }}
{{- end }}
{{- if contains "server {" (include "ts-nginx.text" (default "" (index $controller.config "http-snippet"))) }}
* controller.config.http-snippet opens a port of nginx, which does not happen here. To redirect what comes without TLS: controller.service.targetPorts.http: http, and config.force-ssl-redirect and use-forwarded-headers: "true".
{{- end }}
{{- $httpPort := include "ts-nginx.text" (default 80 (index $controller.extraArgs "http-port")) }}
{{- $httpsPort := include "ts-nginx.text" (default 443 (index $controller.extraArgs "https-port")) }}
{{- range $name, $target := $controller.service.targetPorts }}
{{- $port := include "ts-nginx.text" (default $target (index $controller.containerPort (include "ts-nginx.text" $target))) }}
{{- if not (has $port (list $httpPort $httpsPort)) }}
* controller.service.targetPorts.{{ $name }} is port {{ $port }}, where nothing listens: ts-nginx listens on {{ $httpPort }} (--http-port) and {{ $httpsPort }} (--https-port).
{{- end }}
{{- end }}
{{- $healthPort := include "ts-nginx.text" (default 10254 (index $controller.extraArgs "healthz-port")) }}
{{- if and $controller.metrics.enabled (ne $healthPort (include "ts-nginx.text" $controller.metrics.port)) }}
* controller.metrics.port is {{ include "ts-nginx.text" $controller.metrics.port }}, but health and metrics are on {{ $healthPort }}: set controller.extraArgs.healthz-port and the probes' ports as well.
{{- end }}
{{- if and (eq "true" (include "ts-nginx.needsPlainImage" .)) (or (lt (int $httpPort) 1024) (lt (int $httpsPort) 1024)) (not (hasKey $controller.sysctls "net.ipv4.ip_unprivileged_port_start")) }}
* The container may bind no port below 1024, and is asked to bind {{ $httpPort }} and {{ $httpsPort }}: it will not start. Add NET_BIND_SERVICE, or set extraArgs.http-port, extraArgs.https-port and service.targetPorts.
{{- end }}
{{- if and $controller.hostNetwork $controller.service.enabled (eq $controller.service.type "LoadBalancer") }}
* controller.hostNetwork with a Service of type LoadBalancer: without a balancer the status of Ingresses stays empty. Set controller.service.enabled to false and reportNodeInternalIp to true to publish the nodes' addresses.
{{- end }}
{{- if lt (int $controller.terminationGracePeriodSeconds) 30 }}
* controller.terminationGracePeriodSeconds is {{ int $controller.terminationGracePeriodSeconds }}: requests under way are cut off when a pod goes.
{{- end }}
{{- $ownDrain := include "ts-nginx.text" (default "" (index $controller.config "worker-shutdown-timeout")) | regexFind "^[0-9]+" }}
{{- if and $ownDrain (gt (int $ownDrain) (int (include "ts-nginx.drainSeconds" .))) }}
* controller.config.worker-shutdown-timeout: {{ $ownDrain }} s don't fit into terminationGracePeriodSeconds; {{ include "ts-nginx.drainSeconds" . }}s would.
{{- end }}
{{- if .Values.rbac.create }}
{{- if and (eq .Values.tsNginx.rbac.secrets "cluster") (not $controller.scope.enabled) }}
* The ClusterRole may list and watch all Secrets, since TLS Secrets live in the namespaces of their Ingresses and RBAC can't say "those that an Ingress names". ts-nginx asks for no others. To grant less: tsNginx.rbac.secrets.
{{- else if not (eq .Values.tsNginx.rbac.secrets "cluster") }}
* Only Secrets granted by tsNginx.rbac.{{ ternary "secretNamespaces" "secretNames" (eq .Values.tsNginx.rbac.secrets "namespaces") }} can be read: what needs another one is in the findings.
{{- end }}
{{- else }}
* rbac.create is false: ts-nginx runs with the rights of ingress-nginx's roles as well, and says in its findings what else it needs.
{{- end }}
{{- if and (eq $controller.kind "Deployment") (eq "1" (include "ts-nginx.leastReplicas" .)) }}
* One replica: there is no service while its node is drained. Set controller.replicaCount to 2 or more.
{{- end }}
{{- end -}}
