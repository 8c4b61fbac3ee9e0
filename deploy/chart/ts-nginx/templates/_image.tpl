{{/* Registries that hold ingress-nginx's images, and none of ours. */}}
{{- define "ts-nginx.registry" -}}
{{- if not (has . (list "registry.k8s.io" "k8s.gcr.io" "us.gcr.io" "quay.io")) }}{{- . }}{{- end -}}
{{- end -}}

{{/* The registry of `registry.example/path`, empty where the path has none. */}}
{{- define "ts-nginx.registryOf" -}}
{{- $first := first (splitList "/" .) -}}
{{- if and (contains "/" .) (regexMatch "[.:]|^localhost$" $first) }}{{- include "ts-nginx.registry" $first }}{{- end -}}
{{- end -}}

{{/* registry/path:tag@digest from {registry, path, tag, digest}. */}}
{{- define "ts-nginx.imageName" -}}
{{- with .registry }}{{- . }}/{{- end }}{{- .path }}
{{- with .tag }}:{{- include "ts-nginx.text" . }}{{- end }}
{{- with .digest }}@{{- . }}{{- end -}}
{{- end -}}

{{/*
The controller's image as JSON: {name, leftover}. An image of ingress-nginx becomes ours, and a private registry is kept;
`leftover` says what of the values was not used: our tags begin with no `v`.
*/}}
{{- define "ts-nginx.controllerImage" -}}
{{- $image := .Values.controller.image -}}
{{- $global := .Values.global.image.registry -}}
{{- $path := default (default "ts-nginx" $image.image) $image.repository -}}
{{- $registry := ternary "" (default $global $image.registry) (not (empty $image.repository)) -}}
{{- $tag := default "" $image.tag | toString -}}
{{- $digest := default "" $image.digest -}}
{{- $leftover := "" -}}
{{- $isOurs := and (not $image.repository) (eq $path "ts-nginx") -}}
{{- if regexMatch "(^|/)(ingress-nginx/controller(-chroot)?|ingress-controller/controller|nginx-ingress-controller)$" $path -}}
{{- $leftover = printf "image %s" (include "ts-nginx.imageName" (dict "registry" $registry "path" $path "tag" $tag "digest" $digest)) -}}
{{- $registry = default (include "ts-nginx.registryOf" $path) (include "ts-nginx.registry" (default "" $registry)) -}}
{{- $path = "ts-nginx" -}}
{{- $isOurs = true -}}
{{- $tag = "" -}}
{{- $digest = "" -}}
{{- else -}}
{{- if $isOurs }}{{- $registry = include "ts-nginx.registry" (default "" $registry) }}{{- end -}}
{{- $isOldTag := regexMatch "^v[0-9]" $tag -}}
{{- if $isOldTag }}{{- $leftover = printf "tag %s" $tag }}{{- end -}}
{{- if and $digest (or $isOldTag $isOurs) -}}
{{- $leftover = printf "%s digest %s" $leftover $digest | trim -}}
{{- $digest = "" -}}
{{- end -}}
{{- if $isOldTag }}{{- $tag = "" }}{{- end -}}
{{- end -}}
{{- if not $tag -}}
{{- $suffix := ternary .Values.tsNginx.image.unprivilegedSuffix "" (eq "true" (include "ts-nginx.needsPlainImage" .)) -}}
{{- $tag = printf "%s%s" .Chart.AppVersion $suffix -}}
{{- end -}}
{{- $name := include "ts-nginx.imageName" (dict "registry" $registry "path" $path "tag" $tag "digest" $digest) -}}
{{- dict "name" $name "leftover" $leftover | toJson -}}
{{- end -}}

{{/* Where every capability is dropped, a file that carries one can't be executed. */}}
{{- define "ts-nginx.needsPlainImage" -}}
{{- $capabilities := default dict (include "ts-nginx.controllerSecurityContext" . | fromYaml).capabilities -}}
{{- $drop := default list $capabilities.drop -}}
{{- $add := default list $capabilities.add -}}
{{- and (or (has "ALL" $drop) (has "NET_BIND_SERVICE" $drop)) (not (or (has "NET_BIND_SERVICE" $add) (has "ALL" $add))) -}}
{{- end -}}

{{/* The controller container's securityContext. */}}
{{- define "ts-nginx.controllerSecurityContext" -}}
{{- if .Values.controller.containerSecurityContext -}}
{{- toYaml .Values.controller.containerSecurityContext -}}
{{- else -}}
{{- include "ts-nginx.securityContext" (dict "image" .Values.controller.image "add" (list "NET_BIND_SERVICE")) -}}
{{- end -}}
{{- end -}}

{{/* From the keys of an image: {image, add: capabilities}. */}}
{{- define "ts-nginx.securityContext" -}}
{{- $image := .image -}}
runAsNonRoot: {{ default false $image.runAsNonRoot }}
{{- if not (kindIs "invalid" $image.runAsUser) }}
runAsUser: {{ int64 $image.runAsUser }}
{{- end }}
{{- if not (kindIs "invalid" $image.runAsGroup) }}
runAsGroup: {{ int64 $image.runAsGroup }}
{{- end }}
allowPrivilegeEscalation: {{ default false $image.allowPrivilegeEscalation }}
readOnlyRootFilesystem: {{ default false $image.readOnlyRootFilesystem }}
{{- with $image.seccompProfile }}
seccompProfile: {{- toYaml . | nindent 2 }}
{{- end }}
capabilities:
  drop: [ALL]
  {{- with .add }}
  add: {{ toJson . }}
  {{- end }}
{{- end -}}

{{/*
The default backend's image as JSON: {name, isOurs, leftover}. That of ingress-nginx, or none, becomes the controller's image; only
where that has no registry, the default backend's own is kept.
*/}}
{{- define "ts-nginx.backendImage" -}}
{{- $image := .Values.defaultBackend.image -}}
{{- $path := default $image.image $image.repository -}}
{{- $registry := ternary "" (default .Values.global.image.registry $image.registry) (not (empty $image.repository)) -}}
{{- $named := include "ts-nginx.imageName" (dict "registry" $registry "path" $path "tag" $image.tag "digest" $image.digest) -}}
{{- if and $path (not (regexMatch "(^|/)defaultbackend(-[a-z0-9]+)?$" $path)) -}}
{{- dict "name" $named "isOurs" false "leftover" "" | toJson -}}
{{- else -}}
{{- $ours := (include "ts-nginx.controllerImage" . | fromJson).name -}}
{{- $rest := "" -}}
{{- with $image.tag }}{{- $rest = printf "tag %s" (include "ts-nginx.text" .) }}{{- end -}}
{{- with $image.digest }}{{- $rest = printf "%s digest %s" $rest . | trim }}{{- end -}}
{{- $ownRegistry := default (include "ts-nginx.registryOf" (default "" $path)) (include "ts-nginx.registry" (default "" $registry)) -}}
{{- if and $ownRegistry (not (contains "/" $ours)) }}{{- $ours = printf "%s/%s" $ownRegistry $ours }}{{- end -}}
{{- dict "name" $ours "isOurs" true "leftover" (ternary $named $rest (not (empty $path))) | toJson -}}
{{- end -}}
{{- end -}}
