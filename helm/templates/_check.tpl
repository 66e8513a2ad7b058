{{/* What cannot work is refused here, with the value that is meant and what to do. */}}

{{- define "revision-runner.check" -}}
{{- $values := .Values -}}
{{- $modes := list "hook" "job" "initContainer" "library" "artifact" "fleet" -}}
{{- if not (has $values.mode $modes) -}}
{{- fail (printf "mode is %q; it is one of %s." (toString $values.mode) (join ", " $modes)) -}}
{{- end -}}
{{- include "revision-runner.checkDatabase" . -}}
{{- include "revision-runner.checkRevisions" . -}}
{{- include "revision-runner.checkHook" . -}}
{{- include "revision-runner.checkApplication" . -}}
{{- include "revision-runner.checkArtifact" . -}}
{{- include "revision-runner.checkFleet" . -}}
{{- end }}

{{- define "revision-runner.checkDatabase" -}}
{{- $database := .Values.database -}}
{{- $given := list -}}
{{- if $database.existingSecret.name }}{{ $given = append $given "database.existingSecret.name" }}{{ end -}}
{{- if $database.url }}{{ $given = append $given "database.url" }}{{ end -}}
{{- if $database.urlFile }}{{ $given = append $given "database.urlFile" }}{{ end -}}
{{- if $database.bundled.enabled }}{{ $given = append $given "database.bundled.enabled" }}{{ end -}}
{{- $needed := not (or (eq .Values.mode "fleet") (and (eq .Values.mode "artifact") (ne .Values.artifact.from "database"))) -}}
{{- if gt (len $given) 1 -}}
{{- fail (printf "%s are given; they exclude each other. Keep one." (join " and " $given)) -}}
{{- end -}}
{{- if and $needed (not $given) -}}
{{- fail "No database is named. Set database.existingSecret.name to a Secret whose key `url` holds the URL, or one of database.urlFile, database.url and database.bundled.enabled." -}}
{{- end -}}
{{- if regexMatch "://[^/@]*:[^/]*@" $database.url -}}
{{- fail "database.url holds a password, which Helm would keep in its release and show to everybody who may read it. Put the URL into a Secret and name it in database.existingSecret.name." -}}
{{- end -}}
{{- end }}

{{- define "revision-runner.checkRevisions" -}}
{{- $revisions := .Values.revisions -}}
{{- if and (eq $revisions.from "configMap") (not $revisions.configMap.name) -}}
{{- fail "revisions.from is configMap, but revisions.configMap.name is empty. Name the ConfigMap that holds the revision files." -}}
{{- end -}}
{{- if and (eq $revisions.from "applicationImage") (not $revisions.applicationImage.image) -}}
{{- fail "revisions.from is applicationImage, but revisions.applicationImage.image is empty. Name the image, with its tag, that the revisions are copied from." -}}
{{- end -}}
{{- end }}

{{/* With --wait, Helm waits for the pods before it runs post-install hooks, and the pods would wait for the hook. */}}
{{- define "revision-runner.checkHook" -}}
{{- $events := .Values.hook.events -}}
{{- if and (eq .Values.mode "hook") .Values.database.bundled.enabled (has "pre-install" $events) -}}
{{- fail "hook.events has pre-install, but the bundled database starts only after that hook. Leave hook.events empty: the first install then makes an ordinary Job, and upgrades run the hook." -}}
{{- end -}}
{{- if and (eq .Values.mode "hook") .Values.application.enabled .Values.application.waitForSchema (or (has "post-install" $events) (has "post-upgrade" $events)) -}}
{{- fail "hook.events has post-install or post-upgrade, and application.waitForSchema lets the pods wait for it: with --wait neither would ever begin. Use mode job, or set application.waitForSchema to false." -}}
{{- end -}}
{{- end }}

{{- define "revision-runner.checkApplication" -}}
{{- $application := .Values.application -}}
{{- if and (eq .Values.mode "initContainer") (not $application.enabled) -}}
{{- fail "mode initContainer needs a Deployment to be in: set application.enabled and application.image, or take mode library and include revision-runner.initContainer in your own." -}}
{{- end -}}
{{- if and (eq .Values.mode "initContainer") .Values.networkPolicy.enabled -}}
{{- fail "networkPolicy.enabled would cut off the application, whose pods run the migration in mode initContainer. Write a policy for the application, and let it out to the database." -}}
{{- end -}}
{{- if and $application.enabled (not $application.image) -}}
{{- fail "application.enabled is true, but application.image is empty. Name the image of the application, with its tag." -}}
{{- end -}}
{{- end }}

{{- define "revision-runner.checkArtifact" -}}
{{- $artifact := .Values.artifact -}}
{{- if eq .Values.mode "artifact" -}}
{{- if not (or $artifact.claim $artifact.publish.image) -}}
{{- fail "mode artifact would write its files into a directory that ends with the pod. Set artifact.claim to a PersistentVolumeClaim, or artifact.publish.image to what carries them away." -}}
{{- end -}}
{{- if .Values.database.bundled.enabled -}}
{{- fail "mode artifact and database.bundled.enabled do not go together: the bundled database is empty and thrown away. Name the database that the artifact is for, or set artifact.from to a revision." -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "revision-runner.checkFleet" -}}
{{- $fleet := .Values.fleet -}}
{{- if eq .Values.mode "fleet" -}}
{{- if not (or $fleet.targets $fleet.targetsFrom.secret $fleet.targetsFrom.configMap) -}}
{{- fail "mode fleet has no targets. Set fleet.targetsFrom.secret to a Secret with the list, or fleet.targets to a path or a query." -}}
{{- end -}}
{{- if gt (len (compact (list $fleet.targets $fleet.targetsFrom.secret $fleet.targetsFrom.configMap))) 1 -}}
{{- fail "fleet.targets, fleet.targetsFrom.secret and fleet.targetsFrom.configMap exclude each other. Keep one." -}}
{{- end -}}
{{- if and (regexMatch "(?i)^\\s*(select|with|values|table)\\b" $fleet.targets) (not (or .Values.database.existingSecret.name .Values.database.url .Values.database.urlFile)) -}}
{{- fail "fleet.targets is a query, but no database is named that could answer it. Set database.existingSecret.name." -}}
{{- end -}}
{{- if .Values.database.bundled.enabled -}}
{{- fail "mode fleet and database.bundled.enabled do not go together: a fleet is many databases that exist. Name them in fleet.targetsFrom.secret." -}}
{{- end -}}
{{- if semverCompare "<1.24.0-0" .Capabilities.KubeVersion.Version -}}
{{- fail (printf "mode fleet needs Indexed Jobs, which Kubernetes has since 1.24; this is %s. Use mode hook or job, and one release per database." .Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- end -}}
{{- end }}
