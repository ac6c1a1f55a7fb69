{{/* Labels of every object, beside its own. */}}
{{- define "meshara.labels" -}}
app.kubernetes.io/part-of: meshara
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Labels that mean the nodes. */}}
{{- define "meshara.node" -}}
app.kubernetes.io/name: meshara
app.kubernetes.io/component: node
{{- end }}

{{/* An object: with the labels, with Elasticsearch's port, and nothing if the values leave out its kind. Argument: root, object. */}}
{{- define "meshara.object" -}}
{{- $root := index . 0 }}
{{- $object := index . 1 }}
{{- $values := $root.Values }}
{{- $isMonitor := hasPrefix "monitoring.coreos.com/" $object.apiVersion }}
{{- $isPolicy := eq $object.kind "NetworkPolicy" }}
{{- if not (or (and $isMonitor (not $values.monitoring.enabled)) (and $isPolicy (not $values.networkPolicies.enabled))) }}
{{- $labels := $object.metadata.labels | default dict }}
{{- if hasKey $labels "meshara.org/reaches" }}
{{- $_ := set (index (index $object.spec.egress 0).ports 0) "port" (include "meshara.elasticsearch.port" $root | int) }}
{{- end }}
{{- $_ := set $object.metadata "labels" (merge (include "meshara.labels" $root | fromYaml) $labels) }}
---
{{ toYaml $object }}
{{ end }}
{{- end }}

{{/* The objects of a file of deploy/kubernetes. Arguments: root, path, and the namespace if it is not the release's. */}}
{{- define "meshara.objects" -}}
{{- $root := index . 0 }}
{{- $namespace := index (append . "") 2 }}
{{- range regexSplit "\n---\n" ($root.Files.Get (printf "files/kubernetes/%s" (index . 1))) -1 }}
{{- $object := fromYaml (replace ".meshara.svc." (printf ".%s.svc." $root.Release.Namespace) .) }}
{{- with $namespace }}
{{- $_ := set $object.metadata "namespace" . }}
{{- end }}
{{- include "meshara.object" (list $root $object) }}
{{- end }}
{{- end }}

{{/* A file with the addresses at which people reach pages. Arguments: root, path. */}}
{{- define "meshara.text" -}}
{{- $root := index . 0 }}
{{- $urls := $root.Values.monitoring.urls }}
{{- $text := $root.Files.Get (printf "files/%s" (index . 1)) }}
{{- $text | replace "http://localhost:3000" $urls.grafana | replace "http://localhost:5601" $urls.kibana }}
{{- end }}

{{/* Data of a ConfigMap: files by their names. Arguments: root, paths. */}}
{{- define "meshara.data" -}}
{{- $root := index . 0 }}
{{- $data := dict }}
{{- range index . 1 }}
{{- $_ := set $data (base .) (include "meshara.text" (list $root .)) }}
{{- end }}
{{- toYaml $data }}
{{- end }}

{{- define "meshara.elasticsearch.port" -}}
{{- $url := urlParse .Values.elasticsearch.url }}
{{- regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (ternary "443" "80" (eq $url.scheme "https")) }}
{{- end }}

{{/* The ConfigMap elasticsearch. */}}
{{- define "meshara.elasticsearch.settings" -}}
ELASTICSEARCH_URL: {{ .Values.elasticsearch.url | quote }}
KIBANA_URL: {{ .Values.elasticsearch.kibanaUrl | quote }}
{{- if .Values.elasticsearch.privateAuthority }}
SSL_CERT_FILE: /run/secrets/elasticsearch-ca/ca.crt
{{- end }}
{{- end }}

{{- define "meshara.elasticsearch.authority" -}}
name: elasticsearch-ca
mountPath: /run/secrets/elasticsearch-ca
readOnly: true
{{- end }}

{{- define "meshara.image" -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag }}{{ end }}
{{- end }}
