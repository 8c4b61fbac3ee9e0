{{/* Fails where going on would be dangerous, or could never work. All of it is said at once. */}}
{{- define "ts-nginx.refuse" -}}
{{- $refusals := list -}}
{{- range splitList "\n" (include "ts-nginx.refusals" .) -}}
{{- with trim . }}{{- $refusals = append $refusals . }}{{- end -}}
{{- end -}}
{{- with $refusals -}}
{{- fail (printf "these values are not taken over:\n* %s\n" (join "\n* " .)) -}}
{{- end -}}
{{- end -}}

{{/* One line each: key, reason, remedy. */}}
{{- define "ts-nginx.refusals" -}}
{{- $controller := .Values.controller -}}
{{- $accepted := default list .Values.tsNginx.acceptUnsupported -}}
{{- if not (has $controller.kind (list "Deployment" "DaemonSet")) }}
controller.kind is Deployment or DaemonSet, not {{ toString $controller.kind | quote }}: for both, install two releases of one class.
{{- end }}
{{- if and .Values.rbac.scope (not $controller.scope.enabled) }}
rbac.scope takes the ClusterRole away, without which only one namespace can be watched: set controller.scope.enabled as well.
{{- end }}
{{- if and $controller.customTemplate.configMapName (not (has "customTemplate" $accepted)) }}
controller.customTemplate is a template of nginx.conf, which may hold access rules that nobody would enforce here: move them to annotations, or accept their loss by tsNginx.acceptUnsupported: [customTemplate].
{{- end }}
{{- if and $controller.extraModules (not (has "extraModules" $accepted)) }}
controller.extraModules are nginx binaries, some of which are firewalls, and are not loaded here: remove them, or accept their loss by tsNginx.acceptUnsupported: [extraModules].
{{- end }}
{{- range $key, $consequence := include "ts-nginx.closingKeys" . | fromYaml }}
{{- if not (has $key $accepted) }}
controller.config.{{ $key }}: {{ $consequence }}. It is not honoured, and may guard access: remove it, or accept that by tsNginx.acceptUnsupported: [{{ $key }}].
{{- end }}
{{- end }}
{{- range $protocol, $ports := dict "tcp" .Values.tcp "udp" .Values.udp }}
{{- if and $ports (not (has $protocol $accepted)) }}
{{ $protocol }} lists port {{ keys $ports | sortAlpha | join ", " }}, and {{ upper $protocol }} is not carried yet, so nothing would listen there: give these Services a load balancer of their own, or accept their loss by tsNginx.acceptUnsupported: [{{ $protocol }}].
{{- end }}
{{- end }}
{{- $webhookService := $controller.admissionWebhooks.service }}
{{- if or $webhookService.externalIPs $webhookService.loadBalancerIP $webhookService.loadBalancerSourceRanges (eq "LoadBalancer" (default "" $webhookService.type)) }}
controller.admissionWebhooks.service must not be reachable from outside, since it asks for no credentials: remove externalIPs, loadBalancerIP, loadBalancerSourceRanges and type LoadBalancer.
{{- end }}
{{- if and $controller.service.enabled $controller.publishService.enabled }}
{{- if include "ts-nginx.extraArg" (dict "root" . "name" "publish-status-address") }}
controller.extraArgs.publish-status-address and controller.publishService exclude each other: set controller.publishService.enabled to false.
{{- end }}
{{- if not (include "ingress-nginx.controller.publishServicePath" .) }}
controller.publishService names a Service that is not rendered, since controller.service.external is off and service.internal is off or has no annotations: enable one of them, or set controller.publishService.enabled to false.
{{- end }}
{{- end }}
{{- if not (has .Values.tsNginx.rbac.secrets (list "cluster" "namespaces" "names")) }}
tsNginx.rbac.secrets is cluster, namespaces or names, not {{ toString .Values.tsNginx.rbac.secrets | quote }}.
{{- end }}
{{- $flags := .Files.Lines "files/flags.txt" }}
{{- range $name, $_ := $controller.extraArgs }}
{{- if not (or (has $name $flags) (has (printf "%s boolean" $name) $flags)) }}
controller.extraArgs.{{ $name }} is no flag of ts-nginx, which would not start with it: remove it (`ts-nginx serve --help` lists those there are).
{{- end }}
{{- end }}
{{- end -}}
