{{/* A value as text: digits instead of 3.1536e+07, lists joined by commas. */}}
{{- define "ts-nginx.text" -}}
{{- if kindIs "slice" . -}}
{{- $items := list -}}
{{- range . }}{{- $items = append $items (include "ts-nginx.text" .) }}{{- end -}}
{{- join "," $items -}}
{{- else if kindIs "map" . -}}
{{- toJson . -}}
{{- else if and (kindIs "float64" .) (eq (floor .) .) -}}
{{- printf "%.0f" . -}}
{{- else -}}
{{- toString . -}}
{{- end -}}
{{- end -}}

{{/* A map whose values are strings, without those that are null: {map, root?}; with root, templates in them are rendered. */}}
{{- define "ts-nginx.strings" -}}
{{- $root := .root -}}
{{- $strings := dict -}}
{{- range $key, $value := .map -}}
{{- if not (kindIs "invalid" $value) -}}
{{- $text := include "ts-nginx.text" $value -}}
{{- if and $root (contains "{{" $text) }}{{- $text = tpl $text $root }}{{- end -}}
{{- $_ := set $strings $key $text -}}
{{- end -}}
{{- end -}}
{{- if $strings }}{{- toYaml $strings }}{{- else }}{}{{- end -}}
{{- end -}}

{{/* YAML of a value whose strings may be templates: {value, root}. */}}
{{- define "ts-nginx.render" -}}
{{- $text := toYaml .value -}}
{{- if contains "{{" $text }}{{- tpl $text .root }}{{- else }}{{- $text }}{{- end -}}
{{- end -}}

{{/* A port's number, or its name. */}}
{{- define "ts-nginx.port" -}}
{{- $text := include "ts-nginx.text" . -}}
{{- if regexMatch "^[0-9]+$" $text }}{{- $text }}{{- else }}{{- quote $text }}{{- end -}}
{{- end -}}

{{/* `[prefix-]N-tcp`: {root, port, protocol}. */}}
{{- define "ts-nginx.streamPort" -}}
{{- with .root.Values.portNamePrefix }}{{- . }}-{{- end }}{{- .port }}-{{- .protocol -}}
{{- end -}}
