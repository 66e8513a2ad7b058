{{/* The pods and the Jobs round the containers. */}}

{{- define "revision-runner.podMetadata" -}}
metadata:
  labels:
    {{- include "revision-runner.selectorLabels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
    {{- with .root.Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .root.Values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* What the specs of all pods with the runner's image share. */}}
{{- define "revision-runner.podSpec" -}}
serviceAccountName: {{ include "revision-runner.serviceAccountName" . }}
automountServiceAccountToken: false
# A Service called runner would announce itself in variables that look like settings.
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.extraPodSpec }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Whether the cluster takes a podFailurePolicy, and the Job may have one. */}}
{{- define "revision-runner.hasPodFailurePolicy" -}}
{{- and .Values.job.podFailurePolicy (eq .Values.job.restartPolicy "Never") (semverCompare ">=1.26.0-0" .Capabilities.KubeVersion.Version) -}}
{{- end }}

{{- define "revision-runner.hasBackoffLimitPerIndex" -}}
{{- and (eq .Values.mode "fleet") (eq .Values.job.restartPolicy "Never") (semverCompare ">=1.29.0-0" .Capabilities.KubeVersion.Version) -}}
{{- end }}

{{/* The head of a Job's spec. */}}
{{- define "revision-runner.jobSpec" -}}
{{- $job := .Values.job -}}
{{- $perIndex := eq (include "revision-runner.hasBackoffLimitPerIndex" .) "true" -}}
{{- if $perIndex }}
backoffLimitPerIndex: {{ .Values.fleet.backoffLimitPerIndex }}
{{- else }}
backoffLimit: {{ $job.backoffLimit }}
{{- end }}
{{- if not (kindIs "invalid" $job.activeDeadlineSeconds) }}
activeDeadlineSeconds: {{ int64 $job.activeDeadlineSeconds }}
{{- end }}
{{- if not (kindIs "invalid" $job.ttlSecondsAfterFinished) }}
ttlSecondsAfterFinished: {{ int64 $job.ttlSecondsAfterFinished }}
{{- end }}
{{- if eq (include "revision-runner.hasPodFailurePolicy" .) "true" }}
podFailurePolicy:
  rules:
    # A drained node is nobody's failure.
    - action: Ignore
      onPodConditions:
        - type: DisruptionTarget
          status: "True"
    # What does not become better by itself; every other code counts towards the limit.
    - action: {{ ternary "FailIndex" "FailJob" $perIndex }}
      onExitCodes:
        containerName: migrate
        operator: In
        values: {{ include "revision-runner.finalExitCodes" . }}
{{- end }}
{{- end }}
