{{/* Names, labels, the image. */}}

{{- define "revision-runner.name" -}}
{{- default "revision-runner" .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{/* At most 50 characters, so that what is appended fits into the 63 of a label. */}}
{{- define "revision-runner.fullname" -}}
{{- $name := include "revision-runner.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "revision-runner.jobName" -}}
{{- $suffix := toString (.Values.job.suffix | default .Release.Revision) -}}
{{- $fixed := eq (include "revision-runner.isHook" .) "true" -}}
{{- if $fixed -}}
{{- include "revision-runner.fullname" . -}}
{{- else -}}
{{- printf "%s-%s" (include "revision-runner.fullname" .) ($suffix | lower | replace "." "-" | replace "_" "-" | replace "+" "-") | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "revision-runner.selectorLabels" -}}
app.kubernetes.io/name: {{ include "revision-runner.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "revision-runner.labels" -}}
helm.sh/chart: {{ printf "revision-runner-%s" .Chart.Version | replace "+" "_" }}
{{ include "revision-runner.selectorLabels" . }}
app.kubernetes.io/version: {{ include "revision-runner.version" . | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The image's tag as a label takes it. */}}
{{- define "revision-runner.version" -}}
{{- .Values.image.tag | default .Chart.AppVersion | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "revision-runner.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end }}

{{- define "revision-runner.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "revision-runner.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end }}

{{/* Whether the Job is one of Helm's hooks in this very release. */}}
{{- define "revision-runner.isHook" -}}
{{- if eq .Values.mode "hook" -}}
{{- not (and .Values.database.bundled.enabled .Release.IsInstall (not .Values.hook.events)) -}}
{{- else -}}
{{- and (eq .Values.mode "fleet") .Values.fleet.hook -}}
{{- end -}}
{{- end }}

{{- define "revision-runner.hookEvents" -}}
{{- if .Values.hook.events -}}
{{- join "," .Values.hook.events -}}
{{- else if .Values.database.bundled.enabled -}}
pre-upgrade
{{- else -}}
pre-install,pre-upgrade
{{- end -}}
{{- end }}

{{/* Annotations of the Job, and of what must be there before it: a dictionary of root, extra, and before, which is true for the
latter. With the bundled database these are ordinary objects from the first install on, and stay that. */}}
{{- define "revision-runner.annotations" -}}
{{- $all := merge (dict) (.extra | default dict) .root.Values.annotations -}}
{{- $weight := int .root.Values.hook.weight -}}
{{- if and (eq (include "revision-runner.isHook" .root) "true") (not (and .before .root.Values.database.bundled.enabled)) -}}
{{- $_ := set $all "helm.sh/hook" (include "revision-runner.hookEvents" .root) -}}
{{- $_ := set $all "helm.sh/hook-weight" (toString (ternary (sub $weight 1) $weight (default false .before))) -}}
{{- $_ := set $all "helm.sh/hook-delete-policy" (join "," .root.Values.hook.deletePolicy) -}}
{{- end -}}
{{- with $all }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
