{{/*
Rights of ts-nginx, least first. RBAC can't say "the Secrets that an Ingress names": each is asked for by its name, which
works under rules for all of them as under rules for single names.
*/}}

{{/* What routing is made of; in a ClusterRole, or in a Role of the one namespace that is watched. */}}
{{- define "ts-nginx.rules.routing" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [get, list, watch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses/status]
  verbs: [update]
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
{{- if $controller.scope.namespaceSelector }}
- apiGroups: ['']
  resources: [namespaces]
  verbs: [list, watch]
{{- end }}
{{- end }}
{{- if eq "true" (include "ts-nginx.needsNodes" .) }}
# Their addresses are published, or their zones followed.
- apiGroups: ['']
  resources: [nodes]
  verbs: [get, list, watch]
{{- end }}
{{- end -}}

{{- define "ts-nginx.needsNodes" -}}
{{- $controller := .Values.controller -}}
{{- $publishes := or (and $controller.service.enabled $controller.publishService.enabled) (hasKey $controller.extraArgs "publish-status-address") (hasKey $controller.extraArgs "publish-service") -}}
{{- or (not $publishes) $controller.enableTopologyAwareRouting (hasKey $controller.extraArgs "enable-topology-aware-routing") (has (get $controller.extraArgs "upstream-address") (list "node-port" "auto")) -}}
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
{{- if and $controller.service.enabled $controller.publishService.enabled (not $controller.publishService.pathOverride) }}
# Its addresses are published.
- apiGroups: ['']
  resources: [services]
  resourceNames: [{{ include "ingress-nginx.controller.publishServicePath" . | base }}]
  verbs: [get]
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
{{- $certificate := default "" (index $controller.extraArgs "default-ssl-certificate") | splitList "/" -}}
{{- if and (eq 2 (len $certificate)) (or $controller.scope.enabled (ne .Values.tsNginx.rbac.secrets "cluster")) -}}
{{- $more = append $more (dict "namespace" (first $certificate) "rules" (include "ts-nginx.rules.named" (dict "resource" "secrets" "names" (list (last $certificate))))) -}}
{{- end -}}
{{- range $where, $name := dict $controller.configMapNamespace (include "ingress-nginx.controller.fullname" .) $controller.tcp.configMapNamespace (printf "%s-tcp" (include "ingress-nginx.fullname" .)) $controller.udp.configMapNamespace (printf "%s-udp" (include "ingress-nginx.fullname" .)) -}}
{{- if $where -}}
{{- $more = append $more (dict "namespace" $where "rules" (include "ts-nginx.rules.named" (dict "resource" "configmaps" "names" (list $name)))) -}}
{{- end -}}
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

{{- define "ts-nginx.subjects" -}}
- kind: ServiceAccount
  name: {{ include "ingress-nginx.serviceAccountName" . }}
  namespace: {{ include "ingress-nginx.namespace" . }}
{{- end -}}
