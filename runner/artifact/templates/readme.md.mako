<%!
    def listed(names):
        return ", ".join(f"`{name}`" for name in names) or "none (base)"
%>\
# SQL to apply: ${rows_text(manifest["from"])} to ${rows_text(manifest["to"])}

This directory brings one ${manifest["dialect"]} database${f' ({manifest["database"]})' if manifest["database"] else ""} from the version rows ${listed(manifest["from"])} to ${listed(manifest["to"])}: ${len(manifest["revisions"])} revision(s), ${manifest["statements"]} statement(s).
It is for ${server} of the server${f', and for sessions whose current schema is `{manifest["schema"]}`' if manifest["schema"] else ""}.
`review.html` shows every statement and what it locks; `manifest.json` has the digest of every file.

${"##"} Before

1. Make sure that nobody changed a file: `runner artifact verify .`, or compare the digests in `manifest.json` with `sha256sum upgrade/* downgrade/*`.
2. Look where the database is: `SELECT version_num FROM ${manifest["version_table"]["name"]}` has to say ${listed(manifest["from"])}.
% if manifest["client"] == "native":
3. Give `${client}` no special options. An error ends the file, and the exit code is not 0.
% else:
3. These files hold no commands of a client. Let yours stop at the first error, and send the statements of a non-transactional file one by one.
% endif

${"##"} Apply

In this order, each file only after the one before it has ended with exit code 0:

```sh
% for line in upgrade:
${line["command"]}
% endfor
```

| File | Kind | Revisions | Statements | Version rows before | after |
|---|---|---|---|---|---|
% for line in upgrade:
| `${line["path"]}` | ${line["kind"]} | ${line["revisions"]} | ${line["statements"]} | ${line["before"]} | ${line["after"]} |
% endfor

A *transactional* file is one transaction: when it fails, nothing of it remains, and it can be applied again.
% if has_single:
A *non-transactional* file sends statements that cannot be part of a transaction. ${"Each is noted in `runner_journal` before and after it. " if has_journal else ""}When one fails, see below.
% endif
% if any(line["kind"] == "online" for line in upgrade):
An *online* step is no SQL: the revision needs answers from the database. The file says which command runs it.
% endif

${"##"} When a file stops

Every guard says in one sentence what is wrong, and nothing was changed by the file unless it says so.

| Code | Message | What it means |
|---|---|---|
% for guard in guards:
| ${guard.code} | ${guard.sentence} | ${guard.meaning} |
% endfor

Any other error is the server's own, about a statement of a revision.
% if has_single:

${"###"} A non-transactional file has stopped in the middle

% if has_journal:
`SELECT revision, number, outcome, statement FROM runner_journal ORDER BY number` shows which statement was `started` and not `done`.

% if is_postgresql and is_native:
- Correct the cause and apply the same file again. It leaves out what is done, drops an index that was left INVALID, and goes on. Where nobody can tell how a statement ended, it stops with `RR013` and says what to look at.
- Where the runner can reach the database, `runner upgrade` does the same. No file of this bundle is needed any more for what it has done.
% else:
- Where the runner can reach the database: `runner upgrade` finds out what became of it, cleans up, and goes on to the end. No file of this bundle is needed any more for what it has done.
- By hand: undo what the statement left${" (an index that is INVALID: `DROP INDEX CONCURRENTLY`)" if is_postgresql else ""}, delete its row from `runner_journal`, and execute the rest of the file from that statement on.
% endif
% else:
What ran before the error is committed. Look which statements took effect, correct the cause, and execute the rest of the file from there on, its version rows included.
% endif
% endif

${"##"} After

```sh
runner artifact verify . --database-url ...
```

says whether exactly this was applied. Without the runner: the version rows have to be ${listed(manifest["to"])}.

${"##"} Going back

% if downgrade:
The way back, for a database that has all of this and nothing later:

```sh
% for line in downgrade:
${line["command"]}
% endfor
```

| File | Kind | Revisions | Statements | Version rows before | after |
|---|---|---|---|---|---|
% for line in downgrade:
| `${line["path"]}` | ${line["kind"]} | ${line["revisions"]} | ${line["statements"]} | ${line["before"]} | ${line["after"]} |
% endfor

It loses what the new columns and tables hold. A backup is the other way back.
% elif not manifest["revisions"]:
There is nothing to take back.
% else:
There is no way back in SQL, because:

% for one in manifest["without_downgrade"]:
- revision `${one["revision"]}`${f', {one["file"]} line {one["line"]}' if one["line"] else ""}: ${one["reason"]}
% endfor

Take a backup first.
% endif
% if manifest["not_written"]:

${"##"} Not in these files

% for one in manifest["not_written"]:
- revision `${one["revision"]}`${f', {one["file"]} line {one["line"]}' if one["line"] else ""}: ${one["reason"]} It runs online instead.
% endfor
% endif
% if manifest["notes"]:

${"##"} Notes for the reviewer

% for one in manifest["notes"]:
- ${f'revision `{one["revision"]}`' if one["revision"] else "all"}${f', {one["file"]} line {one["line"]}' if one["line"] else ""}: ${one["text"]}
% endfor
% endif
