{{/* SPDX-License-Identifier: Apache-2.0 */}}

{{/*
The broker's configuration file: the paths and addresses that the chart decides,
and the operator's own providers, access rules and drain as they are.
*/}}
{{- define "token-broker.config" -}}
{{- $providers := list -}}
{{- range .Values.providers -}}
{{- $provider := omit . "clientSecret" "privateKey" "certificate" "ca" -}}
{{- if .clientSecret -}}
{{- $file := printf "/etc/token-broker/secrets/%s/client_secret" .name -}}
{{- $provider = set $provider "client_secret_file" $file -}}
{{- end -}}
{{- if .privateKey -}}
{{- $provider = set $provider "private_key_file" (printf "/etc/token-broker/secrets/%s/private_key" .name) -}}
{{- end -}}
{{- if .certificate -}}
{{- $provider = set $provider "certificate_file" (printf "/etc/token-broker/secrets/%s/certificate" .name) -}}
{{- end -}}
{{- if .ca -}}
{{- $provider = set $provider "ca_file" (printf "/etc/token-broker/secrets/%s/ca.crt" .name) -}}
{{- end -}}
{{- $providers = append $providers $provider -}}
{{- end -}}
grpc:
  address: {{ printf "%s:7443" .Values.listenHost | quote }}
  reflection: {{ .Values.grpc.reflection }}
  tls:
    certificate_file: /etc/token-broker/tls/tls.crt
    private_key_file: /etc/token-broker/tls/tls.key
    client_ca_file: /etc/token-broker/tls/ca.crt
http:
  address: {{ printf "%s:7480" .Values.listenHost | quote }}
storage:
  rocksdb:
    # Below the mount, because a fresh file system is not empty (lost+found).
    path: /var/lib/token-broker/data
encryption:
  keyring_file: /etc/token-broker/keyring/keyring
drain:
  delay: {{ .Values.drain.delay }}
  grace: {{ .Values.drain.grace }}
{{- if .Values.presets.existingConfigMap.name }}
preset_directory: /etc/token-broker-presets
{{- end }}
{{- with $providers }}
providers:
{{ toYaml . }}
{{- end }}
{{- with .Values.access }}
access:
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* A duration of the values (`15s`, `500ms`) in whole seconds, rounded up. */}}
{{- define "token-broker.seconds" -}}
{{- if hasSuffix "ms" . -}}
{{- div (add (trimSuffix "ms" . | int64) 999) 1000 -}}
{{- else -}}
{{- trimSuffix "s" . | int64 -}}
{{- end -}}
{{- end -}}

{{/*
How many seconds a stop may take: readiness is false for drain.delay; then calls
have drain.grace, and a request to a provider is awaited to its own end, because
its answer may be the only copy of a new refresh token.
*/}}
{{- define "token-broker.stopSeconds" -}}
{{- $wait := include "token-broker.seconds" .Values.drain.grace | int64 -}}
{{- range .Values.providers -}}
{{- $timeout := get . "request_timeout" | default "15s" -}}
{{- $wait = max $wait (include "token-broker.seconds" $timeout | int64) -}}
{{- end -}}
{{- add (include "token-broker.seconds" .Values.drain.delay | int64) $wait 15 -}}
{{- end -}}
