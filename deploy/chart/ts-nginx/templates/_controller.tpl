{{/* Seconds still served after SIGTERM: a sixth of what the pod has to end, at most. */}}
{{- define "ts-nginx.graceSeconds" -}}
{{- $total := int64 (default 0 .Values.controller.terminationGracePeriodSeconds) -}}
{{- min (int64 (default 0 .Values.tsNginx.shutdown.graceSeconds)) (div $total 6) -}}
{{- end -}}

{{/* Seconds that exchanges under way have after that, so that the process ends by itself before it is killed. */}}
{{- define "ts-nginx.drainSeconds" -}}
{{- $total := int64 (default 0 .Values.controller.terminationGracePeriodSeconds) -}}
{{- $extra := .Values.controller.extraArgs -}}
{{- $grace := int64 (regexFind "^[0-9]+" (include "ts-nginx.text" (default (include "ts-nginx.graceSeconds" .) (index $extra "shutdown-grace-period")))) -}}
{{- $after := int64 (regexFind "^[0-9]+" (include "ts-nginx.text" (default 0 (index $extra "post-shutdown-grace-period")))) -}}
{{- min 240 (max 1 (sub (sub $total $grace) (add $after 5))) -}}
{{- end -}}

{{/* Worker threads. */}}
{{- define "ts-nginx.workers" -}}
{{- $configured := include "ts-nginx.text" (default "" (index .Values.controller.config "worker-processes")) -}}
{{- $limits := default dict (default dict .Values.controller.resources).limits -}}
{{- $cpu := include "ts-nginx.text" (default "" $limits.cpu) -}}
{{- if not (kindIs "invalid" .Values.tsNginx.workers) -}}
{{- include "ts-nginx.text" .Values.tsNginx.workers -}}
{{- else if regexMatch "^[0-9]+$" $configured -}}
{{- $configured -}}
{{- else if regexMatch "^[0-9]+m$" $cpu -}}
{{- max 1 (div (trimSuffix "m" $cpu | int64) 1000) -}}
{{- else if regexMatch "^[0-9.]+$" $cpu -}}
{{- max 1 (floor (float64 $cpu)) -}}
{{- else -}}
2
{{- end -}}
{{- end -}}

{{/* The text of a flag of extraArgs, empty where it has none: {root, name}. */}}
{{- define "ts-nginx.extraArg" -}}
{{- $value := index .root.Values.controller.extraArgs .name -}}
{{- if not (kindIs "invalid" $value) }}{{- include "ts-nginx.text" $value }}{{- end -}}
{{- end -}}

{{/* The command line as a YAML list. Ours first, then extraArgs in the order of their names: the last of a flag wins. */}}
{{- define "ts-nginx.controllerArgs" -}}
{{- $controller := .Values.controller -}}
{{- $namespace := include "ingress-nginx.namespace" . -}}
{{- $args := list "serve" -}}
{{- if .Values.defaultBackend.enabled -}}
{{- $args = append $args (printf "--default-backend-service=%s/%s" $namespace (include "ingress-nginx.defaultBackend.fullname" .)) -}}
{{- end -}}
{{- if and $controller.service.enabled $controller.publishService.enabled -}}
{{- $args = append $args (printf "--publish-service=%s" (include "ingress-nginx.controller.publishServicePath" .)) -}}
{{- end -}}
{{- $args = append $args (printf "--election-id=%s" (include "ingress-nginx.controller.electionID" .)) -}}
{{- $args = append $args (printf "--controller-class=%s" $controller.ingressClassResource.controllerValue) -}}
{{- with $controller.ingressClass }}{{- $args = append $args (printf "--ingress-class=%s" .) }}{{- end -}}
{{- $configNamespace := default $namespace $controller.configMapNamespace -}}
{{- $args = append $args (printf "--configmap=%s/%s" $configNamespace (include "ingress-nginx.controller.fullname" .)) -}}
{{- if .Values.tcp -}}
{{- $args = append $args (printf "--tcp-services-configmap=%s/%s-tcp" (default $namespace $controller.tcp.configMapNamespace) (include "ingress-nginx.fullname" .)) -}}
{{- end -}}
{{- if .Values.udp -}}
{{- $args = append $args (printf "--udp-services-configmap=%s/%s-udp" (default $namespace $controller.udp.configMapNamespace) (include "ingress-nginx.fullname" .)) -}}
{{- end -}}
{{- if $controller.scope.enabled -}}
{{- $args = append $args (printf "--watch-namespace=%s" (default $namespace $controller.scope.namespace)) -}}
{{- else if $controller.scope.namespaceSelector -}}
{{- $args = append $args (printf "--watch-namespace-selector=%s" $controller.scope.namespaceSelector) -}}
{{- end -}}
{{- if and $controller.reportNodeInternalIp $controller.hostNetwork }}{{- $args = append $args "--report-node-internal-ip-address=true" }}{{- end -}}
{{- if eq "true" (include "ts-nginx.hasAdmissionWebhook" .) -}}
{{- $args = append $args (printf "--validating-webhook=:%s" (include "ts-nginx.text" $controller.admissionWebhooks.port)) -}}
{{- if eq "true" (include "ts-nginx.keepsCertificate" .) -}}
{{- $name := include "ingress-nginx.admissionWebhooks.fullname" . -}}
{{- $args = append $args (printf "--validating-webhook-secret=%s/%s" $namespace $name) -}}
{{- $args = append $args (printf "--validating-webhook-configuration=%s" $name) -}}
{{- with $controller.admissionWebhooks.failurePolicy }}{{- $args = append $args (printf "--validating-webhook-failure-policy=%s" .) }}{{- end -}}
{{- else -}}
{{- $args = append $args (printf "--validating-webhook-certificate=%s" $controller.admissionWebhooks.certificate) -}}
{{- $args = append $args (printf "--validating-webhook-key=%s" $controller.admissionWebhooks.key) -}}
{{- end -}}
{{- end -}}
{{- if $controller.ingressClassByName }}{{- $args = append $args "--ingress-class-by-name=true" }}{{- end -}}
{{- if $controller.watchIngressWithoutClass }}{{- $args = append $args "--watch-ingress-without-class=true" }}{{- end -}}
{{- if $controller.healthCheckHost }}{{- $args = append $args (printf "--healthz-host=%s" $controller.healthCheckHost) }}{{- end -}}
{{- if not (has $controller.healthCheckPath (list nil "" "/healthz")) }}{{- $args = append $args (printf "--health-check-path=%s" $controller.healthCheckPath) }}{{- end -}}
{{- if $controller.disableLeaderElection }}{{- $args = append $args "--disable-leader-election=true" }}{{- end -}}
{{- with $controller.electionTTL }}{{- $args = append $args (printf "--election-ttl=%s" .) }}{{- end -}}
{{- if $controller.enableTopologyAwareRouting }}{{- $args = append $args "--enable-topology-aware-routing=true" }}{{- end -}}
{{- $args = append $args (printf "--enable-metrics=%t" (default false $controller.metrics.enabled)) -}}
{{- $args = append $args (printf "--workers=%s" (include "ts-nginx.workers" .)) -}}
{{- $args = append $args (printf "--shutdown-grace-period=%s" (include "ts-nginx.graceSeconds" .)) -}}
{{- $switches := .Files.Lines "files/flags.txt" -}}
{{- range $name, $_ := $controller.extraArgs -}}
{{- $text := include "ts-nginx.extraArg" (dict "root" $ "name" $name) -}}
{{- /* `--switch` is on; of any other flag an empty text means none. */ -}}
{{- $isOn := and (eq $text "") (has (printf "%s boolean" $name) $switches) -}}
{{- $args = append $args (ternary (printf "--%s" $name) (printf "--%s=%s" $name $text) $isOn) -}}
{{- end -}}
{{- toYaml $args -}}
{{- end -}}

{{- define "ts-nginx.hasAdmissionWebhook" -}}
{{- default false .Values.controller.admissionWebhooks.enabled -}}
{{- end -}}

{{/* Whether ts-nginx makes the webhook's certificate and lets the API server trust it; else it is a mounted Secret's. */}}
{{- define "ts-nginx.keepsCertificate" -}}
{{- $webhook := .Values.controller.admissionWebhooks -}}
{{- $patches := not (eq "false" (include "ts-nginx.text" (default dict $webhook.patch).enabled)) -}}
{{- and $webhook.enabled $patches (not $webhook.certManager.enabled) -}}
{{- end -}}

{{/* The controller container's ports, as a YAML list. */}}
{{- define "ts-nginx.containerPorts" -}}
{{- $root := . -}}
{{- $controller := .Values.controller -}}
{{- range $name, $port := $controller.containerPort }}
- name: {{ $name }}
  containerPort: {{ int $port }}
  protocol: TCP
  {{- if $controller.hostPort.enabled }}
  hostPort: {{ index $controller.hostPort.ports $name | default $port | int }}
  {{- end }}
{{- end }}
{{- if $controller.metrics.enabled }}
- name: {{ $controller.metrics.portName }}
  containerPort: {{ int $controller.metrics.port }}
  protocol: TCP
{{- end }}
{{- if eq "true" (include "ts-nginx.hasAdmissionWebhook" .) }}
- name: webhook
  containerPort: {{ int $controller.admissionWebhooks.port }}
  protocol: TCP
{{- end }}
{{- range $protocol, $ports := dict "tcp" .Values.tcp "udp" .Values.udp }}
{{- range $port, $_ := $ports }}
- name: {{ include "ts-nginx.streamPort" (dict "root" $root "port" $port "protocol" $protocol) }}
  containerPort: {{ int $port }}
  protocol: {{ upper $protocol }}
  {{- if $controller.hostPort.enabled }}
  hostPort: {{ int $port }}
  {{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Pod's securityContext; sysctls become a list. Empty: none. */}}
{{- define "ts-nginx.podSecurityContext" -}}
{{- $context := deepCopy .Values.controller.podSecurityContext -}}
{{- if .Values.controller.sysctls -}}
{{- $sysctls := list -}}
{{- range $name, $value := .Values.controller.sysctls -}}
{{- $sysctls = append $sysctls (dict "name" $name "value" (include "ts-nginx.text" $value)) -}}
{{- end -}}
{{- $_ := set $context "sysctls" $sysctls -}}
{{- end -}}
{{- if $context }}{{- toYaml $context }}{{- end -}}
{{- end -}}

{{/* topologySpreadConstraints: the user's, or ours where neither they nor affinity say anything. */}}
{{- define "ts-nginx.topologySpread" -}}
{{- $controller := .Values.controller -}}
{{- if $controller.topologySpreadConstraints -}}
{{- include "ts-nginx.render" (dict "value" $controller.topologySpreadConstraints "root" .) -}}
{{- else if and .Values.tsNginx.topologySpread (eq $controller.kind "Deployment") (not $controller.affinity) -}}
- topologyKey: kubernetes.io/hostname
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "ts-nginx.selector" (dict "root" . "component" "controller") | nindent 6 }}
{{- end -}}
{{- end -}}

{{/* Rolling: never fewer pods than wanted, unless two can't share a node's ports. */}}
{{- define "ts-nginx.updateStrategy" -}}
{{- $controller := .Values.controller -}}
{{- if $controller.updateStrategy -}}
{{- toYaml $controller.updateStrategy -}}
{{- else if eq $controller.kind "DaemonSet" -}}
type: RollingUpdate
rollingUpdate:
  maxUnavailable: 1
{{- else if or $controller.hostNetwork $controller.hostPort.enabled -}}
type: RollingUpdate
rollingUpdate:
  maxSurge: 0
  maxUnavailable: 1
{{- else -}}
type: RollingUpdate
rollingUpdate:
  maxSurge: 1
  maxUnavailable: 0
{{- end -}}
{{- end -}}

{{/* spec.template of the Deployment or DaemonSet. */}}
{{- define "ts-nginx.podTemplate" -}}
{{- $controller := .Values.controller -}}
{{- $root := . -}}
{{- $hasCertificate := and $controller.admissionWebhooks.enabled (ne "true" (include "ts-nginx.keepsCertificate" .)) -}}
metadata:
  labels:
    {{- include "ingress-nginx.labels" . | nindent 4 }}
    app.kubernetes.io/component: controller
    {{- range $labels := list $controller.labels $controller.podLabels }}
    {{- with $labels }}
    {{- include "ts-nginx.strings" (dict "map" .) | nindent 4 }}
    {{- end }}
    {{- end }}
  {{- with $controller.podAnnotations }}
  annotations:
    {{- include "ts-nginx.strings" (dict "map" .) | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "ingress-nginx.serviceAccountName" . }}
  automountServiceAccountToken: {{ default false .Values.serviceAccount.automountServiceAccountToken }}
  terminationGracePeriodSeconds: {{ int64 (default 0 $controller.terminationGracePeriodSeconds) }}
  dnsPolicy: {{ default "ClusterFirst" $controller.dnsPolicy }}
  {{- with $controller.dnsConfig }}
  dnsConfig: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $controller.hostAliases }}
  hostAliases: {{- include "ts-nginx.render" (dict "value" . "root" $root) | nindent 4 }}
  {{- end }}
  {{- with $controller.hostname }}
  hostname: {{ toYaml . }}
  {{- end }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $controller.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $controller.runtimeClassName }}
  runtimeClassName: {{ . }}
  {{- end }}
  {{- if $controller.hostNetwork }}
  hostNetwork: true
  {{- end }}
  {{- if $controller.shareProcessNamespace }}
  shareProcessNamespace: true
  {{- end }}
  {{- with include "ts-nginx.podSecurityContext" . }}
  securityContext: {{- . | nindent 4 }}
  {{- end }}
  {{- with $controller.nodeSelector }}
  nodeSelector: {{- include "ts-nginx.strings" (dict "map" .) | nindent 4 }}
  {{- end }}
  {{- with $controller.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $controller.affinity }}
  affinity: {{- include "ts-nginx.render" (dict "value" . "root" $root) | nindent 4 }}
  {{- end }}
  {{- with include "ts-nginx.topologySpread" . }}
  topologySpreadConstraints: {{- . | nindent 4 }}
  {{- end }}
  {{- with $controller.extraInitContainers }}
  initContainers: {{- include "ts-nginx.render" (dict "value" . "root" $root) | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ $controller.containerName }}
      image: {{ (include "ts-nginx.controllerImage" . | fromJson).name | quote }}
      imagePullPolicy: {{ default "IfNotPresent" $controller.image.pullPolicy }}
      args: {{- include "ts-nginx.controllerArgs" . | nindent 8 }}
      env:
        - name: POD_NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: POD_NAMESPACE
          valueFrom:
            fieldRef:
              fieldPath: metadata.namespace
        # No Ingress may send requests back to the controller itself.
        - name: POD_IP
          valueFrom:
            fieldRef:
              fieldPath: status.podIP
        - name: POD_IPS
          valueFrom:
            fieldRef:
              fieldPath: status.podIPs
        # What is local for Services with internalTrafficPolicy: Local, and whose zone counts for hints.
        - name: NODE_NAME
          valueFrom:
            fieldRef:
              fieldPath: spec.nodeName
        {{- with $controller.extraEnvs }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports: {{- include "ts-nginx.containerPorts" . | trim | nindent 8 }}
      securityContext: {{- include "ts-nginx.controllerSecurityContext" . | nindent 8 }}
      {{- range $name, $probe := dict "startupProbe" $controller.startupProbe "livenessProbe" $controller.livenessProbe "readinessProbe" $controller.readinessProbe }}
      {{- if $probe }}
      {{ $name }}: {{- toYaml (omit $probe "port") | nindent 8 }}
      {{- end }}
      {{- end }}
      {{- with $controller.lifecycle }}
      lifecycle: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $controller.resources }}
      resources: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- if and $controller.resizePolicy (semverCompare ">=1.33.0-0" .Capabilities.KubeVersion.Version) }}
      resizePolicy: {{- toYaml $controller.resizePolicy | nindent 8 }}
      {{- end }}
      {{- if or $hasCertificate $controller.extraVolumeMounts }}
      volumeMounts:
        {{- if $hasCertificate }}
        - name: webhook-cert
          mountPath: {{ dir $controller.admissionWebhooks.certificate }}
          readOnly: true
        {{- end }}
        {{- with $controller.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
    {{- with $controller.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- if or $hasCertificate $controller.extraVolumes }}
  volumes:
    {{- if $hasCertificate }}
    - name: webhook-cert
      secret:
        secretName: {{ include "ingress-nginx.admissionWebhooks.fullname" . }}
        optional: true
        {{- if $controller.admissionWebhooks.certManager.enabled }}
        items:
          - {key: tls.crt, path: {{ base $controller.admissionWebhooks.certificate }}}
          - {key: tls.key, path: {{ base $controller.admissionWebhooks.key }}}
        {{- end }}
    {{- end }}
    {{- with $controller.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
{{- end -}}
