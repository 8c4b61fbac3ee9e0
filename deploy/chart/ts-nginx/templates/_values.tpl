{{/*
Makes .Values whole, so that templates read them without fear of nil; each template begins with it.
- Where another chart's values stand in place of ours (`--reuse-values`), ours are filled in and its defaults recognised.
- Elsewhere only maps that were set to null are there again, empty: a null means none.
*/}}
{{- define "ts-nginx.prepare" -}}
{{- if not (hasKey .Values "tsNginxPrepared") -}}
{{- $defaults := .Files.Get "files/values.yaml" | fromYaml -}}
{{- $reused := not (hasKey .Values "tsNginx") -}}
{{- $unknown := include "ts-nginx.unknownKeys" (dict "values" .Values "defaults" $defaults "path" "") | trim -}}
{{- if $reused }}{{- include "ts-nginx.dropForeignDefaults" . }}{{- end -}}
{{- include "ts-nginx.fill" (dict "values" .Values "defaults" $defaults "reused" $reused) -}}
{{- $_ := set .Values "tsNginxPrepared" (dict "reused" $reused "unknown" $unknown) -}}
{{- include "ts-nginx.refuse" . -}}
{{- end -}}
{{- end -}}

{{/* Maps that are taken whole. */}}
{{- define "ts-nginx.isOpaque" -}}
{{- has . (list "livenessProbe" "readinessProbe" "startupProbe" "lifecycle" "resources" "nodeSelector" "seccompProfile" "patch") -}}
{{- end -}}

{{- define "ts-nginx.fill" -}}
{{- $values := .values -}}
{{- $reused := .reused -}}
{{- range $key, $default := .defaults -}}
{{- $value := index $values $key -}}
{{- if and (kindIs "map" $default) (ne "true" (include "ts-nginx.isOpaque" $key)) -}}
{{- if not (kindIs "map" $value) }}{{- $_ := set $values $key dict }}{{- end -}}
{{- include "ts-nginx.fill" (dict "values" (index $values $key) "defaults" $default "reused" $reused) -}}
{{- else if and $reused (not (hasKey $values $key)) -}}
{{- $_ := set $values $key $default -}}
{{- else if and (kindIs "bool" $default) (kindIs "string" $value) -}}
{{- $_ := set $values $key (eq $value "true") -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What looks set after `--reuse-values`, and is only ingress-nginx's default, made for another program. */}}
{{- define "ts-nginx.dropForeignDefaults" -}}
{{- if not .Values.nameOverride }}{{- $_ := set .Values "nameOverride" "ingress-nginx" }}{{- end -}}
{{- $controller := .Values.controller -}}
{{- if kindIs "map" $controller -}}
{{- if eq (toJson $controller.resources) `{"requests":{"cpu":"100m","memory":"90Mi"}}` -}}
{{- $_ := unset $controller "resources" -}}
{{- with $controller.autoscaling }}{{- $_ := unset . "targetMemoryUtilizationPercentage" }}{{- end -}}
{{- end -}}
{{- if kindIs "map" $controller.hostname }}{{- $_ := unset $controller "hostname" }}{{- end -}}
{{- end -}}
{{- end -}}

{{/* Dotted paths, one a line, of keys that this chart does not have. */}}
{{- define "ts-nginx.unknownKeys" -}}
{{- $defaults := .defaults -}}
{{- $path := .path -}}
{{- $known := list "podSecurityPolicy" "opentelemetry" "existingPsp" "stats" "networkPolicyEnabled" "maxmindMirror" "omitClusterIP" "apiVersion" -}}
{{- range $key, $value := .values -}}
{{- $default := index $defaults $key -}}
{{- if not (or (hasKey $defaults $key) (has $key $known)) }}
{{ $path }}{{ $key }}
{{- else if and (kindIs "map" $value) (kindIs "map" $default) (not (has $key (list "global" "containerPort" "ports" "targetPorts"))) -}}
{{- if and $default (ne "true" (include "ts-nginx.isOpaque" $key)) -}}
{{- include "ts-nginx.unknownKeys" (dict "values" $value "defaults" $default "path" (printf "%s%s." $path $key)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Fails where going on would be dangerous, or could never work: key, reason, remedy. */}}
{{- define "ts-nginx.refuse" -}}
{{- $controller := .Values.controller -}}
{{- $accepted := .Values.tsNginx.acceptUnsupported -}}
{{- if not (has $controller.kind (list "Deployment" "DaemonSet")) -}}
{{- fail (printf "controller.kind is Deployment or DaemonSet, not %q: for both, install two releases of one class." (toString $controller.kind)) -}}
{{- end -}}
{{- if and .Values.rbac.scope (not $controller.scope.enabled) -}}
{{- fail "rbac.scope takes the ClusterRole away, without which only one namespace can be watched: set controller.scope.enabled as well." -}}
{{- end -}}
{{- if and $controller.customTemplate.configMapName (not (has "customTemplate" $accepted)) -}}
{{- fail "controller.customTemplate is a template of nginx.conf, which may hold access rules that nobody would enforce here: move them to annotations, or accept their loss by tsNginx.acceptUnsupported: [customTemplate]." -}}
{{- end -}}
{{- if and $controller.extraModules (not (has "extraModules" $accepted)) -}}
{{- fail "controller.extraModules are nginx binaries, some of which are firewalls, and are not loaded here: remove them, or accept their loss by tsNginx.acceptUnsupported: [extraModules]." -}}
{{- end -}}
{{- $webhookService := $controller.admissionWebhooks.service -}}
{{- if or $webhookService.externalIPs $webhookService.loadBalancerIP $webhookService.loadBalancerSourceRanges (eq "LoadBalancer" (default "" $webhookService.type)) -}}
{{- fail "controller.admissionWebhooks.service must not be reachable from outside, since it asks for no credentials: remove externalIPs, loadBalancerIP, loadBalancerSourceRanges and type LoadBalancer." -}}
{{- end -}}
{{- if and $controller.service.enabled $controller.publishService.enabled -}}
{{- if hasKey $controller.extraArgs "publish-status-address" -}}
{{- fail "controller.extraArgs.publish-status-address and controller.publishService exclude each other: set controller.publishService.enabled to false." -}}
{{- end -}}
{{- if not (include "ingress-nginx.controller.publishServicePath" .) -}}
{{- fail "controller.publishService names a Service that is not rendered, since controller.service.external is off and service.internal is off or has no annotations: enable one of them, or set controller.publishService.enabled to false." -}}
{{- end -}}
{{- end -}}
{{- if not (has .Values.tsNginx.rbac.secrets (list "cluster" "namespaces" "names")) -}}
{{- fail (printf "tsNginx.rbac.secrets is cluster, namespaces or names, not %q." (toString .Values.tsNginx.rbac.secrets)) -}}
{{- end -}}
{{- $flags := .Files.Lines "files/flags.txt" -}}
{{- range $name, $_ := $controller.extraArgs -}}
{{- if not (has $name $flags) -}}
{{- fail (printf "controller.extraArgs.%s is no flag of ts-nginx, which would not start with it: remove it (`ts-nginx serve --help` lists those there are)." $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
