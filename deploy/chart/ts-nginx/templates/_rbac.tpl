{{/*
Rights of ts-nginx, least first. RBAC can't say "the Secrets that an Ingress names": each is asked for by its name, which
works under rules for all of them as under rules for single names.
*/}}

{{/* What routing is made of; in a ClusterRole, or in a Role of the one namespace that is watched. */}}
{{- define "ts-nginx.rules.routing" -}}
{{- $writesStatus := ne "false" (include "ts-nginx.text" (default "" (index .Values.controller.extraArgs "update-status"))) -}}
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [{{ if $writesStatus }}get, {{ end }}list, watch]
{{- if $writesStatus }}
- apiGroups: [networking.k8s.io]
  resources: [ingresses/status]
  verbs: [update]
{{- end }}
- apiGroups: ['']
  resources: [services]
  verbs: [list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [list, watch]
- apiGroups: ['']
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{- define "ts-nginx.rules.secrets" -}}
- apiGroups: ['']
  resources: [secrets]
  verbs: [list, watch]
{{- end -}}

{{- define "ts-nginx.rules.cluster" -}}
{{- $controller := .Values.controller -}}
- apiGroups: [networking.k8s.io]
  resources: [ingressclasses]
  verbs: [list, watch]
{{- if not $controller.scope.enabled }}
{{ include "ts-nginx.rules.routing" . }}
{{- if eq .Values.tsNginx.rbac.secrets "cluster" }}
{{ include "ts-nginx.rules.secrets" . }}
{{- end }}
{{- if or $controller.scope.namespaceSelector (include "ts-nginx.extraArg" (dict "root" . "name" "watch-namespace-selector")) }}
- apiGroups: ['']
  resources: [namespaces]
  verbs: [list, watch]
{{- end }}
{{- end }}
{{- if eq "true" (include "ts-nginx.keepsCertificate" .) }}
# Its own configuration and no other: so the API server trusts the webhook's certificate.
- apiGroups: [admissionregistration.k8s.io]
  resources: [validatingwebhookconfigurations]
  resourceNames: [{{ include "ingress-nginx.admissionWebhooks.fullname" . }}]
  verbs: [get, patch]
{{- end }}
{{- with include "ts-nginx.nodeVerbs" . }}
- apiGroups: ['']
  resources: [nodes]
  verbs: {{ . }}
{{- end }}
{{- end -}}

{{/* `get`: their addresses are published. `list`, `watch`: zones are followed, or Services reached by nodes. */}}
{{- define "ts-nginx.nodeVerbs" -}}
{{- $controller := .Values.controller -}}
{{- $verbs := list -}}
{{- if and (not (include "ts-nginx.publishedService" .)) (not (include "ts-nginx.extraArg" (dict "root" . "name" "publish-status-address"))) }}{{- $verbs = append $verbs "get" }}{{- end -}}
{{- $reached := include "ts-nginx.text" (default "" (index $controller.extraArgs "upstream-address")) -}}
{{- if or .Values.tsNginx.rbac.nodes $controller.enableTopologyAwareRouting (hasKey $controller.extraArgs "enable-topology-aware-routing") (has $reached (list "node-port" "auto")) }}{{- $verbs = concat $verbs (list "list" "watch") }}{{- end -}}
{{- if $verbs }}[{{ join ", " $verbs }}]{{- end -}}
{{- end -}}

{{/* namespace/name of the Service whose addresses are published; empty: none. */}}
{{- define "ts-nginx.publishedService" -}}
{{- $controller := .Values.controller -}}
{{- if index $controller.extraArgs "publish-service" -}}
{{- index $controller.extraArgs "publish-service" -}}
{{- else if and $controller.service.enabled $controller.publishService.enabled -}}
{{- include "ingress-nginx.controller.publishServicePath" . -}}
{{- end -}}
{{- end -}}

{{/* Rules of the release's own namespace. */}}
{{- define "ts-nginx.rules.own" -}}
{{- $full := include "ingress-nginx.fullname" . -}}
{{- $controller := .Values.controller -}}
{{- $names := list -}}
{{- if not $controller.configMapNamespace }}{{- $names = append $names (include "ingress-nginx.controller.fullname" .) }}{{- end -}}
{{- if and .Values.tcp (not $controller.tcp.configMapNamespace) }}{{- $names = append $names (printf "%s-tcp" $full) }}{{- end -}}
{{- if and .Values.udp (not $controller.udp.configMapNamespace) }}{{- $names = append $names (printf "%s-udp" $full) }}{{- end -}}
{{- if or $controller.proxySetHeaders $controller.headers }}{{- $names = append $names (printf "%s-custom-proxy-headers" $full) }}{{- end -}}
{{- if $controller.addHeaders }}{{- $names = append $names (printf "%s-custom-add-headers" $full) }}{{- end -}}
{{- with $names }}
- apiGroups: ['']
  resources: [configmaps]
  resourceNames: {{ toJson . }}
  verbs: [list, watch]
{{- end }}
{{- if .Values.dhParam }}
- apiGroups: ['']
  resources: [secrets]
  resourceNames: [{{ include "ingress-nginx.controller.fullname" . }}]
  verbs: [list, watch]
{{- end }}
{{- if not $controller.disableLeaderElection }}
# No name can be demanded of what does not exist yet.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "ingress-nginx.controller.electionID" . | quote }}]
  verbs: [get, update]
{{- end }}
{{- if and $controller.scope.enabled (ne (include "ingress-nginx.namespace" .) (default (include "ingress-nginx.namespace" .) $controller.scope.namespace)) }}
# What is wrong with the settings, or the Service that is published, is said here.
- apiGroups: ['']
  resources: [events]
  verbs: [create, patch]
{{- end }}
{{- if eq "true" (include "ts-nginx.keepsCertificate" .) }}
# The webhook's certificate. No name can be demanded of what does not exist yet.
- apiGroups: ['']
  resources: [secrets]
  verbs: [create]
- apiGroups: ['']
  resources: [secrets]
  resourceNames: [{{ include "ingress-nginx.admissionWebhooks.fullname" . }}]
  verbs: [get, update]
{{- end }}
# Who stops last empties the status, and nodes are published where pods are: which pods of this release run?
- apiGroups: ['']
  resources: [pods]
  verbs: [get, list]
{{- end -}}

{{/* Namespaces and the rules of a Role in each, as JSON: {namespace: YAML list}. */}}
{{- define "ts-nginx.roles" -}}
{{- $root := . -}}
{{- $controller := .Values.controller -}}
{{- $namespace := include "ingress-nginx.namespace" . -}}
{{- $roles := dict $namespace (include "ts-nginx.rules.own" . | trim) -}}
{{- $more := list -}}
{{- if $controller.scope.enabled -}}
{{- $watched := default $namespace $controller.scope.namespace -}}
{{- $more = append $more (dict "namespace" $watched "rules" (include "ts-nginx.rules.routing" .)) -}}
{{- if eq .Values.tsNginx.rbac.secrets "cluster" -}}
{{- $more = append $more (dict "namespace" $watched "rules" (include "ts-nginx.rules.secrets" .)) -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.tsNginx.rbac.secrets "namespaces" -}}
{{- range .Values.tsNginx.rbac.secretNamespaces -}}
{{- $more = append $more (dict "namespace" . "rules" (include "ts-nginx.rules.secrets" $root)) -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.tsNginx.rbac.secrets "names" -}}
{{- range $where, $names := .Values.tsNginx.rbac.secretNames -}}
{{- $more = append $more (dict "namespace" $where "rules" (include "ts-nginx.rules.named" (dict "resource" "secrets" "names" $names))) -}}
{{- end -}}
{{- end -}}
{{- $certificate := default "" (index $controller.extraArgs "default-ssl-certificate") | replace "$(POD_NAMESPACE)" $namespace | splitList "/" -}}
{{- if and (eq 2 (len $certificate)) (or $controller.scope.enabled (ne .Values.tsNginx.rbac.secrets "cluster")) -}}
{{- $more = append $more (dict "namespace" (first $certificate) "rules" (include "ts-nginx.rules.named" (dict "resource" "secrets" "names" (list (last $certificate))))) -}}
{{- end -}}
{{- $published := include "ts-nginx.publishedService" . | replace "$(POD_NAMESPACE)" $namespace | splitList "/" -}}
{{- if eq 2 (len $published) -}}
{{- $more = append $more (dict "namespace" (first $published) "rules" (include "ts-nginx.rules.published" (last $published))) -}}
{{- end -}}
{{- $full := include "ingress-nginx.fullname" . -}}
{{- $configMaps := list -}}
{{- with $controller.configMapNamespace }}{{- $configMaps = append $configMaps (list . (include "ingress-nginx.controller.fullname" $root)) }}{{- end -}}
{{- with $controller.tcp.configMapNamespace }}{{- $configMaps = append $configMaps (list . (printf "%s-tcp" $full)) }}{{- end -}}
{{- with $controller.udp.configMapNamespace }}{{- $configMaps = append $configMaps (list . (printf "%s-udp" $full)) }}{{- end -}}
{{- range $flag := list "configmap" "tcp-services-configmap" "udp-services-configmap" -}}
{{- $named := include "ts-nginx.extraArg" (dict "root" $root "name" $flag) | replace "$(POD_NAMESPACE)" $namespace | splitList "/" -}}
{{- if eq 2 (len $named) }}{{- $configMaps = append $configMaps $named }}{{- end -}}
{{- end -}}
{{- range $configMaps -}}
{{- $more = append $more (dict "namespace" (first .) "rules" (include "ts-nginx.rules.named" (dict "resource" "configmaps" "names" (list (last .))))) -}}
{{- end -}}
{{- range $more -}}
{{- $_ := set $roles .namespace (printf "%s\n%s" (default "" (index $roles .namespace)) .rules | trim) -}}
{{- end -}}
{{- toJson $roles -}}
{{- end -}}

{{- define "ts-nginx.rules.named" -}}
- apiGroups: ['']
  resources: [{{ .resource }}]
  resourceNames: {{ toJson .names }}
  verbs: [list, watch]
{{- end -}}

{{- define "ts-nginx.rules.published" -}}
# Its addresses become the status of Ingresses.
- apiGroups: ['']
  resources: [services]
  resourceNames: [{{ quote . }}]
  verbs: [get]
{{- end -}}

{{- define "ts-nginx.subjects" -}}
- kind: ServiceAccount
  name: {{ include "ingress-nginx.serviceAccountName" . }}
  namespace: {{ include "ingress-nginx.namespace" . }}
{{- end -}}
