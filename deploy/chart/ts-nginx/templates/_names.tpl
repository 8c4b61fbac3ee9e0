{{/* Names as ingress-nginx's chart makes them: values that go through `tpl` call them, and in place they must be equal. */}}

{{- define "ingress-nginx.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "ingress-nginx.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "ingress-nginx.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "ingress-nginx.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "ingress-nginx.selectorLabels" -}}
app.kubernetes.io/name: {{ include "ingress-nginx.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "ingress-nginx.labels" -}}
helm.sh/chart: {{ include "ingress-nginx.chart" . | quote }}
{{ include "ingress-nginx.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: {{ include "ingress-nginx.name" . | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
{{- with .Values.commonLabels }}
{{ include "ts-nginx.strings" (dict "map" .) }}
{{- end }}
{{- end -}}

{{- define "ingress-nginx.controller.fullname" -}}
{{- printf "%s-%s" (include "ingress-nginx.fullname" .) .Values.controller.name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "ingress-nginx.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "ingress-nginx.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "ingress-nginx.controller.electionID" -}}
{{- default (printf "%s-leader" (include "ingress-nginx.fullname" .)) .Values.controller.electionID -}}
{{- end -}}

{{/* namespace/name of the Service whose addresses become the status of Ingresses; empty: none of the chart's is rendered. */}}
{{- define "ingress-nginx.controller.publishServicePath" -}}
{{- $service := .Values.controller.service -}}
{{- $own := printf "%s/%s" (include "ingress-nginx.namespace" .) (include "ingress-nginx.controller.fullname" .) -}}
{{- if .Values.controller.publishService.pathOverride -}}
{{- tpl .Values.controller.publishService.pathOverride . -}}
{{- else if $service.external.enabled -}}
{{- $own -}}
{{- else if eq "true" (include "ts-nginx.hasInternalService" .) -}}
{{- $own }}-internal
{{- end -}}
{{- end -}}

{{- define "ts-nginx.hasInternalService" -}}
{{- $service := .Values.controller.service -}}
{{- and $service.enabled $service.internal.enabled (gt (len $service.internal.annotations) 0) -}}
{{- end -}}

{{- define "ingress-nginx.defaultBackend.fullname" -}}
{{- printf "%s-%s" (include "ingress-nginx.fullname" .) .Values.defaultBackend.name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "ingress-nginx.defaultBackend.serviceAccountName" -}}
{{- if .Values.defaultBackend.serviceAccount.create -}}
{{- default (printf "%s-backend" (include "ingress-nginx.fullname" .)) .Values.defaultBackend.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.defaultBackend.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "ingress-nginx.admissionWebhooks.fullname" -}}
{{- printf "%s-%s" (include "ingress-nginx.fullname" .) .Values.controller.admissionWebhooks.name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/*
metadata of an object: {root, name, component?, namespace?, labels?, annotations?, isService?}; namespace "-": none. Annotations of
Services may be templates.
*/}}
{{- define "ts-nginx.metadata" -}}
name: {{ .name }}
{{- if ne "-" (default "" .namespace) }}
namespace: {{ default (include "ingress-nginx.namespace" .root) .namespace }}
{{- end }}
labels:
  {{- include "ingress-nginx.labels" .root | nindent 2 }}
  {{- with .component }}
  app.kubernetes.io/component: {{ . }}
  {{- end }}
  {{- with .labels }}
  {{- include "ts-nginx.strings" (dict "map" .) | nindent 2 }}
  {{- end }}
{{- with .annotations }}
annotations:
  {{- include "ts-nginx.strings" (dict "map" . "root" (ternary $.root nil (default false $.isService))) | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Labels that select pods: {root, component}. */}}
{{- define "ts-nginx.selector" -}}
{{ include "ingress-nginx.selectorLabels" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}
