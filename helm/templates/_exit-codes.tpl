{{/* Exit codes after which another attempt makes no sense; `make generate` writes them. */}}
{{- define "revision-runner.finalExitCodes" -}}
[1, 2, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 31, 32, 33, 34, 35, 36, 37, 38, 39, 50, 51, 52, 53, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 70, 71, 72, 73, 74, 75, 78, 79]
{{- end }}
