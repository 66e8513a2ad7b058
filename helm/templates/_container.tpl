{{/* The containers, and the volumes they mount. What other charts include is at the end. */}}

{{/* A setting as text: Helm reads numbers as floats, and prints large ones with an exponent. */}}
{{- define "revision-runner.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}
{{- int64 . -}}
{{- else -}}
{{- toString . -}}
{{- end -}}
{{- end }}

{{- define "revision-runner.databaseEnv" -}}
{{- $database := .Values.database -}}
{{- if $database.bundled.enabled }}
- name: {{ $database.variable }}
  valueFrom:
    secretKeyRef:
      name: {{ include "revision-runner.databaseName" . }}
      key: url
{{- else if $database.urlFile }}
- name: {{ $database.variable }}_FILE
  value: {{ $database.urlFile | quote }}
{{- else if $database.url }}
- name: {{ $database.variable }}
  value: {{ $database.url | quote }}
{{- else if and $database.existingSecret.name (eq $database.as "file") }}
- name: {{ $database.variable }}_FILE
  value: /run/secrets/runner/url
{{- else if $database.existingSecret.name }}
- name: {{ $database.variable }}
  valueFrom:
    secretKeyRef:
      name: {{ $database.existingSecret.name }}
      key: {{ $database.existingSecret.key }}
{{- end }}
{{- end }}

{{- define "revision-runner.env" -}}
- name: RUNNER_POD
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- if not (hasKey .Values.settings "RUNNER_RELEASE") }}
- name: RUNNER_RELEASE
  value: {{ include "revision-runner.version" . | quote }}
{{- end }}
{{- if .Values.image.digest }}
- name: RUNNER_IMAGE_DIGEST
  value: {{ .Values.image.digest | quote }}
{{- end }}
- name: RUNNER_TERMINATION_MESSAGE_FILE
  value: {{ .Values.terminationMessagePath | quote }}
{{- range $name, $value := .Values.settings }}
{{- if not (kindIs "invalid" $value) }}
- name: {{ $name }}
  value: {{ include "revision-runner.text" $value | quote }}
{{- end }}
{{- end }}
{{- include "revision-runner.databaseEnv" . }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "revision-runner.mounts" -}}
- name: runner-tmp
  mountPath: /tmp
{{- if and .Values.database.existingSecret.name (eq .Values.database.as "file") }}
- name: runner-database
  mountPath: /run/secrets/runner
  readOnly: true
{{- end }}
{{- if eq .Values.revisions.from "configMap" }}
- name: runner-revisions
  mountPath: {{ .Values.revisions.configMap.path }}
  readOnly: true
{{- else if eq .Values.revisions.from "applicationImage" }}
- name: runner-revisions
  mountPath: /app
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* One container of the runner's image: a dictionary of root, name, args, and env and mounts as YAML to be added. */}}
{{- define "revision-runner.container" -}}
{{- $values := .root.Values -}}
- name: {{ .name }}
  image: {{ include "revision-runner.image" .root | quote }}
  imagePullPolicy: {{ $values.image.pullPolicy }}
  args: {{ toJson .args }}
  env:
    {{- include "revision-runner.env" .root | nindent 4 }}
    {{- with .env }}
    {{- . | nindent 4 }}
    {{- end }}
  {{- with $values.extraEnvFrom }}
  envFrom:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.securityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  terminationMessagePath: {{ $values.terminationMessagePath }}
  terminationMessagePolicy: FallbackToLogsOnError
  volumeMounts:
    {{- include "revision-runner.mounts" .root | nindent 4 }}
    {{- with .mounts }}
    {{- . | nindent 4 }}
    {{- end }}
{{- end }}

{{/* Copies the revisions out of the application's image; nothing where they come from elsewhere. */}}
{{- define "revision-runner.copyContainer" -}}
{{- $values := .Values -}}
{{- $source := $values.revisions.applicationImage -}}
{{- if eq $values.revisions.from "applicationImage" }}
- name: copy-revisions
  image: {{ $source.image | quote }}
  imagePullPolicy: {{ $values.image.pullPolicy }}
  command: {{ toJson ($source.command | default (list "cp" "-R" (printf "%s/." (trimSuffix "/" $source.path)) "/revisions/")) }}
  {{- with $values.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.securityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  volumeMounts:
    - name: runner-revisions
      mountPath: /revisions
{{- end }}
{{- end }}

{{- define "revision-runner.ownVolumes" -}}
- name: runner-tmp
  emptyDir: {sizeLimit: 64Mi}
{{- if and .Values.database.existingSecret.name (eq .Values.database.as "file") }}
- name: runner-database
  secret:
    secretName: {{ .Values.database.existingSecret.name }}
    items:
      - key: {{ .Values.database.existingSecret.key }}
        path: url
{{- end }}
{{- if eq .Values.revisions.from "configMap" }}
- name: runner-revisions
  configMap:
    name: {{ .Values.revisions.configMap.name }}
{{- else if eq .Values.revisions.from "applicationImage" }}
- name: runner-revisions
  emptyDir: {}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "revision-runner.ownInitContainer" -}}
{{- include "revision-runner.check" . -}}
{{- include "revision-runner.copyContainer" . }}
{{ include "revision-runner.container" (dict "root" . "name" "migrate" "args" (list "upgrade")) }}
{{- end }}

{{- define "revision-runner.ownWaitContainer" -}}
{{- include "revision-runner.check" . -}}
{{- include "revision-runner.copyContainer" . }}
{{ include "revision-runner.container" (dict "root" . "name" "wait-for-schema" "args" (list "wait" "--for" "schema")) }}
{{- end }}

{{/* Call a template with this chart's own context: a dictionary of root (this chart's, or that of a chart with this one below it)
and template. */}}
{{- define "revision-runner.withContext" -}}
{{- $marked := "" -}}
{{- if .root.Chart.Annotations }}{{ $marked = index .root.Chart.Annotations "revision-runner/context" }}{{ end -}}
{{- if eq (toString $marked) "chart" -}}
{{- include .template .root -}}
{{- else if hasKey (.root.Subcharts | default dict) "revision-runner" -}}
{{- include .template (index .root.Subcharts "revision-runner") -}}
{{- else -}}
{{- fail (printf "%s was included by the chart %s, which has no dependency named revision-runner. Where it has an alias, pass (index .Subcharts \"ALIAS\") in place of the dot." .called .root.Chart.Name) -}}
{{- end -}}
{{- end }}

{{/* For other charts: brings the schema to the head, as items of `initContainers`. */}}
{{- define "revision-runner.initContainer" -}}
{{- include "revision-runner.withContext" (dict "root" . "template" "revision-runner.ownInitContainer" "called" "revision-runner.initContainer") | trim -}}
{{- end }}

{{/* For other charts: waits for the schema, as items of `initContainers`. */}}
{{- define "revision-runner.waitContainer" -}}
{{- include "revision-runner.withContext" (dict "root" . "template" "revision-runner.ownWaitContainer" "called" "revision-runner.waitContainer") | trim -}}
{{- end }}

{{/* For other charts: what either of them mounts, as items of `volumes`. */}}
{{- define "revision-runner.volumes" -}}
{{- include "revision-runner.withContext" (dict "root" . "template" "revision-runner.ownVolumes" "called" "revision-runner.volumes") | trim -}}
{{- end }}
