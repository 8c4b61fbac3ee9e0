{{/*
Makes .Values whole, so that templates read them without fear of nil; each template begins with it.
- What is null, or missing since another chart's values stand in place of ours (`--reuse-values`), is the default again;
  but for keys of which null says something.
- Beside another chart's values, that chart's own defaults are recognised.
*/}}
{{- define "ts-nginx.prepare" -}}
{{- if not (hasKey .Values "tsNginxPrepared") -}}
{{- $defaults := .Files.Get "files/values.yaml" | fromYaml -}}
{{- /* Beside another chart's values, tsNginx is what the user says of it, and ingress-nginx's Jobs have their image. */ -}}
{{- $jobs := default dict (default dict (default dict .Values.controller).admissionWebhooks).patch -}}
{{- $reused := and (not (hasKey (default dict .Values.tsNginx) "topologySpread")) (hasKey $jobs "image") -}}
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

{{/* Keys of which null says something: that the field is left out, for the API server or somebody else to decide. */}}
{{- define "ts-nginx.mayBeNone" -}}
{{- $scalars := list "replicaCount" "runAsUser" "runAsGroup" "ipFamilies" "ipFamilyPolicy" "targetCPUUtilizationPercentage" "targetMemoryUtilizationPercentage" -}}
{{- or (has . $scalars) (eq "true" (include "ts-nginx.isOpaque" .)) -}}
{{- end -}}

{{/* The defaults, in place of what is null or missing; and booleans in place of those in quotes: {values, defaults, reused}. */}}
{{- define "ts-nginx.fill" -}}
{{- $values := .values -}}
{{- $reused := .reused -}}
{{- range $key, $default := .defaults -}}
{{- $value := index $values $key -}}
{{- $isForeign := and $reused (not (hasKey $values $key)) -}}
{{- if kindIs "invalid" $value -}}
{{- if or $isForeign (ne "true" (include "ts-nginx.mayBeNone" $key)) }}{{- $_ := set $values $key $default }}{{- end -}}
{{- else if kindIs "map" $default -}}
{{- if not (kindIs "map" $value) -}}
{{- $_ := set $values $key $default -}}
{{- else if not (or (eq $key "containerPort") (eq "true" (include "ts-nginx.isOpaque" $key))) -}}
{{- /* Of containerPort, one that is null is not declared. */ -}}
{{- include "ts-nginx.fill" (dict "values" $value "defaults" $default "reused" $reused) -}}
{{- end -}}
{{- else if and (kindIs "string" $value) (or (kindIs "bool" $default) (and (kindIs "invalid" $default) (has $value (list "true" "false")))) -}}
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
