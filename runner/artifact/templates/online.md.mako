# Run revision ${revision.revision} online

${revision.message or "It has no message."}

This revision is not written as SQL, because it needs answers from the database${f" ({revision.obstacle.file}, line {revision.obstacle.line})" if revision.obstacle.line else ""}: ${revision.obstacle.reason}

Run it with the runner, which knows the same revisions, on the database that the files before it were applied to:

```sh
DATABASE_URL=... runner ${verb} ${revision.revision}
```

Version rows before: ${before}. After: ${after}. The next file checks them, and changes nothing if they differ.
