{{/* The data of the controller's ConfigMap, as YAML: what other values ask for, then config, which wins. */}}
{{- define "ts-nginx.configData" -}}
{{- $controller := .Values.controller -}}
{{- $namespace := include "ingress-nginx.namespace" . -}}
{{- $full := include "ingress-nginx.fullname" . -}}
{{- $written := dict "allow-snippet-annotations" (toString (default false $controller.allowSnippetAnnotations)) -}}
{{- $drain := include "ts-nginx.drainSeconds" . -}}
{{- if lt (int $drain) 240 }}{{- $_ := set $written "worker-shutdown-timeout" (printf "%ss" $drain) }}{{- end -}}
{{- if default $controller.headers $controller.proxySetHeaders }}{{- $_ := set $written "proxy-set-headers" (printf "%s/%s-custom-proxy-headers" $namespace $full) }}{{- end -}}
{{- if $controller.addHeaders }}{{- $_ := set $written "add-headers" (printf "%s/%s-custom-add-headers" $namespace $full) }}{{- end -}}
{{- if .Values.dhParam }}{{- $_ := set $written "ssl-dh-param" (printf "%s/%s" $namespace (include "ingress-nginx.controller.fullname" .)) }}{{- end -}}
{{- range $key, $value := $controller.config }}{{- $_ := set $written $key $value }}{{- end -}}
{{- include "ts-nginx.strings" (dict "map" $written "root" .) -}}
{{- end -}}

{{/* Keys of config because of which paths would answer 503, as YAML: {key: what would, as half a sentence}. */}}
{{- define "ts-nginx.closingKeys" -}}
{{- $data := include "ts-nginx.configData" . | fromYaml -}}
{{- $closing := dict -}}
{{- range $key, $spec := (.Files.Get "files/config-keys.yaml" | fromYaml).closing -}}
{{- $text := default "" (index $data $key) | trim -}}
{{- if and $text (not (has $text $spec.asDefault)) }}{{- $_ := set $closing $key $spec.consequence }}{{- end -}}
{{- end -}}
{{- toYaml $closing -}}
{{- end -}}

{{/* One line for each key of the ConfigMap that has no effect. Its finding comes again when the controller runs. */}}
{{- define "ts-nginx.configNotes" -}}
{{- $known := .Files.Get "files/config-keys.yaml" | fromYaml -}}
{{- $config := .Values.controller.config -}}
{{- $headers := ternary "controller.proxySetHeaders" "controller.headers" (not (empty .Values.controller.proxySetHeaders)) -}}
{{- $byOthers := dict "proxy-set-headers" $headers "add-headers" "controller.addHeaders" -}}
{{- range $key, $raw := include "ts-nginx.configData" . | fromYaml }}
{{- $text := trim $raw }}
{{- $value := ternary (printf "controller.config.%s" $key) (default $key (index $byOthers $key)) (hasKey $config $key) }}
{{- /* The chart makes --workers of a number. */}}
{{- $honoured := and (eq $key "worker-processes") (regexMatch "^[0-9]+$" $text) }}
{{- if hasKey $known.unsupported $key }}
{{- $usual := index $known.unsupported $key }}
{{- if not (or $honoured (eq $text "") (eq $text $usual)) }}
* {{ $value }}: no effect yet. Its default holds{{ with $usual }}, which is {{ trunc 40 . | quote }}{{ end }}.
{{- end }}
{{- else if not (or (hasKey $known.closing $key) (has $key $known.others)) }}
* {{ $value }}: nobody knows this key. It has no effect; look for a misspelling.
{{- end }}
{{- end }}
{{- end -}}
