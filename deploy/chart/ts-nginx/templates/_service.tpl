{{/* Fields of a Service's spec that are set only where a value is: {values}. */}}
{{- define "ts-nginx.serviceFields" -}}
{{- $spec := dict -}}
{{- range $key := list "clusterIP" "clusterIPs" "externalIPs" "loadBalancerIP" "loadBalancerSourceRanges" "loadBalancerClass" "externalTrafficPolicy" "sessionAffinity" "ipFamilyPolicy" "ipFamilies" -}}
{{- $value := index $.values $key -}}
{{- if $value }}{{- $_ := set $spec $key $value }}{{- end -}}
{{- end -}}
{{- with .values.healthCheckNodePort }}{{- $_ := set $spec "healthCheckNodePort" (int .) }}{{- end -}}
{{- if not (kindIs "invalid" .values.allocateLoadBalancerNodePorts) -}}
{{- $_ := set $spec "allocateLoadBalancerNodePorts" .values.allocateLoadBalancerNodePorts -}}
{{- end -}}
{{- if $spec }}{{- toYaml $spec }}{{- end -}}
{{- end -}}

{{/* One of the two Services that carry traffic: {root, service: values, isInternal}. */}}
{{- define "ts-nginx.trafficService" -}}
{{- $root := .root -}}
{{- $service := .service -}}
{{- $shared := $root.Values.controller.service -}}
{{- $type := default $shared.type $service.type -}}
{{- $hasNodePorts := has $type (list "NodePort" "LoadBalancer") -}}
{{- $suffix := ternary "-internal" "" .isInternal -}}
{{- $labels := merge dict (ternary $service.labels $shared.external.labels .isInternal) $shared.labels -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "ts-nginx.metadata" (dict "root" $root "name" (printf "%s%s" (include "ingress-nginx.controller.fullname" $root) $suffix) "component" "controller" "labels" $labels "annotations" $service.annotations "isService" true) | nindent 2 }}
spec:
  type: {{ $type }}
  {{- with include "ts-nginx.serviceFields" (dict "values" $service) }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- if and $service.trafficDistribution (semverCompare ">=1.31.0-0" $root.Capabilities.KubeVersion.Version) }}
  trafficDistribution: {{ $service.trafficDistribution }}
  {{- end }}
  ports:
    {{- range $name, $isOn := dict "http" $shared.enableHttp "https" $shared.enableHttps }}
    {{- if $isOn }}
    - name: {{ $name }}
      port: {{ default (index $shared.ports $name) (index $service.ports $name) | int }}
      protocol: TCP
      targetPort: {{ include "ts-nginx.port" (default (index $shared.targetPorts $name) (index $service.targetPorts $name)) }}
      {{- if $service.appProtocol }}
      appProtocol: {{ $name }}
      {{- end }}
      {{- if and $hasNodePorts (index $service.nodePorts $name) }}
      nodePort: {{ index $service.nodePorts $name | int }}
      {{- end }}
    {{- end }}
    {{- end }}
    {{- range $protocol, $ports := dict "tcp" $root.Values.tcp "udp" $root.Values.udp }}
    {{- range $port, $_ := $ports }}
    {{- $name := include "ts-nginx.streamPort" (dict "root" $root "port" $port "protocol" $protocol) }}
    - name: {{ $name }}
      port: {{ int $port }}
      protocol: {{ upper $protocol }}
      targetPort: {{ $name }}
      {{- if and $hasNodePorts (index $service.nodePorts $protocol $port) }}
      nodePort: {{ index $service.nodePorts $protocol $port | int }}
      {{- end }}
    {{- end }}
    {{- end }}
  selector:
    {{- include "ts-nginx.selector" (dict "root" $root "component" "controller") | nindent 4 }}
{{- end -}}
