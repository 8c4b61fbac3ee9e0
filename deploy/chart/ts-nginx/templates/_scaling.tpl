{{/* hpa, keda, or empty: who decides on the number of replicas. With both, or on a DaemonSet: nobody. */}}
{{- define "ts-nginx.scaler" -}}
{{- $controller := .Values.controller -}}
{{- if and (eq $controller.kind "Deployment") (not (and $controller.autoscaling.enabled $controller.keda.enabled)) -}}
{{- if $controller.autoscaling.enabled }}hpa{{- end }}{{- if $controller.keda.enabled }}keda{{- end -}}
{{- end -}}
{{- end -}}

{{/* The least number of replicas that there ever is. */}}
{{- define "ts-nginx.leastReplicas" -}}
{{- $scaler := include "ts-nginx.scaler" . -}}
{{- if eq $scaler "hpa" }}{{- int .Values.controller.autoscaling.minReplicas -}}
{{- else if eq $scaler "keda" }}{{- int .Values.controller.keda.minReplicas -}}
{{- else }}{{- int .Values.controller.replicaCount }}{{- end -}}
{{- end -}}

{{/* spec of a PodDisruptionBudget: {values, root, component}. */}}
{{- define "ts-nginx.disruptionBudget" -}}
selector:
  matchLabels:
    {{- include "ts-nginx.selector" (dict "root" .root "component" .component) | nindent 4 }}
{{- if not (has .values.maxUnavailable (list nil "")) }}
maxUnavailable: {{ include "ts-nginx.port" .values.maxUnavailable }}
{{- else }}
minAvailable: {{ include "ts-nginx.port" (ternary 1 .values.minAvailable (eq "" (toString .values.minAvailable))) }}
{{- end }}
{{- with .values.unhealthyPodEvictionPolicy }}
unhealthyPodEvictionPolicy: {{ . }}
{{- end }}
{{- end -}}

{{/* spec of an HorizontalPodAutoscaler: {values: autoscaling, name, template?}. */}}
{{- define "ts-nginx.autoscaler" -}}
scaleTargetRef:
  apiVersion: apps/v1
  kind: Deployment
  name: {{ .name }}
minReplicas: {{ int .values.minReplicas }}
maxReplicas: {{ int .values.maxReplicas }}
metrics:
  {{- range $resource, $target := dict "cpu" .values.targetCPUUtilizationPercentage "memory" .values.targetMemoryUtilizationPercentage }}
  {{- if $target }}
  - type: Resource
    resource:
      name: {{ $resource }}
      target:
        type: Utilization
        averageUtilization: {{ int $target }}
  {{- end }}
  {{- end }}
  {{- with .template }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .values.behavior }}
behavior: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
