{{/* SPDX-License-Identifier: Apache-2.0 */}}

{{/*
What the schema cannot say, or cannot say kindly. All problems are told at once.
No message repeats a value that could be a secret.
*/}}
{{- define "token-broker.validate" -}}
{{- $problems := list -}}

{{- if not .Values.keyring.existingSecret.name -}}
{{- $problems = append $problems "keyring.existingSecret.name is missing: make a keyring with `token-broker keygen --out keyring`, put it into a Secret with `kubectl create secret generic token-broker-keyring --from-file=keyring`, and give that Secret's name." -}}
{{- end -}}

{{- if not .Values.tls.existingSecret.name -}}
{{- $problems = append $problems "tls.existingSecret.name is missing: the broker serves other pods only over mutual TLS; give the name of a Secret with the keys tls.crt, tls.key and ca.crt." -}}
{{- end -}}

{{- $names := list -}}
{{- range $i, $provider := .Values.providers -}}
{{- $at := printf "providers[%d]" $i -}}
{{- if not $provider.name -}}
{{- $problems = append $problems (printf "%s has no name: give it one out of a-z, 0-9 and -; it is part of every connection's key and is never changed." $at) -}}
{{- else -}}
{{- $at = printf "providers[%d] (%s)" $i $provider.name -}}
{{- if has $provider.name $names -}}
{{- $problems = append $problems (printf "%s has the name of an earlier provider: give each its own." $at) -}}
{{- end -}}
{{- $names = append $names $provider.name -}}
{{- end -}}
{{- if not $provider.client_id -}}
{{- $problems = append $problems (printf "%s has no client_id: give the client ID that the provider gave you." $at) -}}
{{- end -}}
{{- if not $provider.redirect_uris -}}
{{- $problems = append $problems (printf "%s has no redirect_uris: list every URI that callbacks may go to." $at) -}}
{{- end -}}
{{- if hasKey $provider "client_secret" -}}
{{- $problems = append $problems (printf "%s holds client_secret: values cannot hold a secret. Put it into a Secret with `kubectl create secret generic NAME --from-file=client_secret`, give clientSecret.existingSecret.name instead, and replace the secret where these values were kept." $at) -}}
{{- else if hasKey $provider "client_secret_file" -}}
{{- $problems = append $problems (printf "%s has client_secret_file: the chart decides where the file is. Give clientSecret.existingSecret.name instead." $at) -}}
{{- else if hasKey $provider "private_key_file" -}}
{{- $problems = append $problems (printf "%s has private_key_file: the chart decides where the file is. Give privateKey.existingSecret.name instead." $at) -}}
{{- else if hasKey $provider "certificate_file" -}}
{{- $problems = append $problems (printf "%s has certificate_file: the chart decides where the file is. Give certificate.existingSecret.name instead." $at) -}}
{{- else if hasKey $provider "ca_file" -}}
{{- $problems = append $problems (printf "%s has ca_file: the chart decides where the file is. Give ca.existingConfigMap.name instead." $at) -}}
{{- else if not (or $provider.clientSecret $provider.privateKey (eq (upper (get $provider "token_endpoint_auth_method")) "NONE")) -}}
{{- $problems = append $problems (printf "%s has no clientSecret: give clientSecret.existingSecret.name, or privateKey.existingSecret.name where requests are signed, or, for a public client, token_endpoint_auth_method: none." $at) -}}
{{- end -}}
{{- end -}}

{{- range $i, $rule := .Values.access -}}
{{- range $rule.providers -}}
{{- if not (or (eq . "*") (has . $names)) -}}
{{- $problems = append $problems (printf "access[%d] names the provider %s, which is not in providers: add it there or correct the name." $i (quote .)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- range $key := list "delay" "grace" -}}
{{- if gt (include "token-broker.seconds" (get $.Values.drain $key) | int64) 300 -}}
{{- $problems = append $problems (printf "drain.%s is more than 300s: the broker takes at most five minutes." $key) -}}
{{- end -}}
{{- end -}}

{{- $needed := include "token-broker.stopSeconds" . | int64 -}}
{{- $given := .Values.terminationGracePeriodSeconds | int64 -}}
{{- if and $given (lt $given $needed) -}}
{{- $problems = append $problems (printf "terminationGracePeriodSeconds is %d but a stop may take %d: raise it, leave it at 0, or shorten drain.delay, drain.grace or a provider's request_timeout." $given $needed) -}}
{{- end -}}

{{- if and .Values.networkPolicy.enabled (not .Values.networkPolicy.grpcFrom) -}}
{{- $problems = append $problems "networkPolicy.grpcFrom is empty, so that nobody could call the broker: list the peers that may, or set networkPolicy.enabled to false." -}}
{{- end -}}

{{- if $problems -}}
{{- fail (printf "the values cannot be used:\n- %s" (join "\n- " $problems)) -}}
{{- end -}}
{{- end -}}
