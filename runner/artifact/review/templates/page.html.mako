<%!
from runner.artifact.review.escaping import html_prose
from runner.artifact.review.words import WORK, heads, lock_class, plural
%>\
<%def name="lock(mode)"><b class="lock ${lock_class(mode)}">${mode.value}</b></%def>\
<%def name="locked(facts)">\
% for mode, names in by_mode(facts):
${"" if loop.first else "; "}${lock(mode)} on \
% for one in names:
${"" if loop.first else ", "}${table(one)}\
% endfor
% endfor
</%def>\
<%def name="table(one)">\
% if one.is_named:
<code>${one.table}</code>${" (new)" if one.is_new else ""}\
% else:
${prose(one.table)}\
% endif
</%def>\
<%def name="statement(view, of)">\
<li class="st" id="${view.anchor}">\
% if of.count > 1 or of.shows_files:
<p class="number-of"><a href="#${view.anchor}">${of.word} ${view.number}</a>${" in " + view.file if of.shows_files and view.file else ""}</p>\
% endif
<pre><code>${sql(view) | n}</code></pre>\
% if not view.is_text:
<% facts = view.facts %>\
<dl class="facts">\
% if page.locks_are_known:
<div><dt>Locks</dt><dd>${locked(facts) if facts.locks else ("none" if facts.is_known else "unknown")}</dd></div>\
% if facts.blocks:
<div><dt>Blocks</dt><dd>${facts.blocks}</dd></div>\
% endif
<div><dt>Rows</dt><dd>${WORK[facts.work]}</dd></div>\
% endif
<div><dt>Transaction</dt><dd>${"yes" if facts.is_transactional else "no"}</dd></div>\
% if facts.note and facts.is_known:
<div><dt>Note</dt><dd>${prose(facts.note)}</dd></div>\
% endif
</dl>\
% if facts.hazards:
<ul class="hz">\
% for hazard in facts.hazards:
<li class="${hazard.kind.severity.value}"><strong>${hazard.kind.title}.</strong> ${prose(hazard.text)}\
% if hazard.advice:
<span class="hint">Instead: ${prose(hazard.advice)}</span>\
% endif
</li>\
% endfor
</ul>\
% endif
% endif
</li>
</%def>\
<%def name="strong(text)"><strong>${text}</strong> </%def>\
<%def name="prose(text)">${html_prose(text) | n}</%def>\
<%def name="hazard_chips(severities)">\
% for severity, count in severities:
<span class="chip ${severity.value}">${plural(count, severity.value)}</span>
% endfor
</%def>\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${style_digest}'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${heads(page.start)} to ${heads(page.end)}: SQL to review</title>
<link rel="icon" href="data:,">
<style>${style | n}</style>
</head>
<body${' class="big"' if is_big else "" | n}>
<a class="skip" href="#hazards">Skip to the hazards</a>
<header class="top"><div class="wrap">
<p class="eyebrow">SQL to review${f", {database}" if database else ""}</p>
<h1>${heads(page.start)} <span class="soft" aria-hidden="true">&rarr;</span><span class="sr">to</span> ${heads(page.end)}</h1>
<p class="lead">${summary}</p>
<dl class="tiles">
% for tile in tiles:
<div><dt>${tile.name}</dt><dd>${tile.value}\
% if tile.more:
<small>${tile.more}</small>\
% endif
</dd></div>
% endfor
</dl>
</div></header>
<nav class="bar" aria-label="Contents"><div class="wrap">
<strong>${heads(page.start)} to ${heads(page.end)}</strong>
${hazard_chips(severities)}\
<ul>
% for anchor, title in contents:
<li><a href="#${anchor}">${title}</a></li>
% endfor
</ul>
</div></nav>
<main class="wrap">
<section aria-labelledby="hazards">
<h2 id="hazards">Hazards</h2>
% for one in page.obstacles:
<div class="box warning"><strong>Not written as SQL.</strong> <code>${one.revision}</code> (${one.file}${f", line {one.line}" if one.line else ""}): ${one.reason}</div>
% endfor
% if not page.locks_are_known:
<div class="box note">What a statement locks is known for PostgreSQL only. What is dropped, emptied and renamed is found here, too.</div>
% endif
% if not page.hazards:
<div class="box fine"><strong>None found.</strong> No statement drops data, holds a long lock or breaks what it renames, as far as the statements tell.</div>
% endif
% for group in page.hazards:
<div class="card kind ${group.kind.severity.value}">
<h3>${group.kind.title} <span class="chip">${len(group.places)}</span></h3>
<ul>
% for place in group.places[:most]:
<li><a href="#${place.statement.anchor if place.statement else place.revision.anchor}">${place.revision.revision.revision}${f", statement {place.statement.number}" if place.statement else ""}</a><div>${prose(place.hazard.text)}\
% if place.hazard.advice:
<span class="hint">Instead: ${prose(place.hazard.advice)}</span>\
% endif
</div></li>
% endfor
</ul>
% if len(group.places) > most:
<p class="soft small">And ${plural(len(group.places) - most, "more", "more")}, each marked at its statement below.</p>
% endif
</div>
% endfor
% if page.notes:
<div class="card kind note"><h3>Notes <span class="chip">${len(page.notes)}</span></h3><ul>
% for one in page.notes[:most]:
<li><span>${one.revision or "env.py"}${f", line {one.line}" if one.line else ""}</span><div>${one.text}</div></li>
% endfor
</ul></div>
% endif
</section>
<section aria-labelledby="files">
<h2 id="files">Files, in the order in which they are applied</h2>
<div class="card scroll" tabindex="0" role="group" aria-labelledby="files">
<table>
<thead><tr><th scope="col">File</th><th scope="col">Kind</th><th scope="col">Statements</th><th scope="col">Revisions</th></tr></thead>
<tbody>
% for file in page.files:
<tr><th scope="row"><code>${file.path}</code></th><td>${file_kinds[file.kind]}</td><td class="number">${file.statements}</td><td>${revision_links(file) | n}</td></tr>
% endfor
</tbody>
</table>
</div>
<p class="small soft">${way_back}</p>
</section>
<section aria-labelledby="path">
<h2 id="path">Path</h2>
<div class="card path" tabindex="0" role="group" aria-labelledby="path">
<svg width="${picture.width}" height="${picture.height}" viewBox="0 0 ${picture.width} ${picture.height}" role="img" aria-labelledby="path-title path-desc"><title id="path-title">Graph of the revisions</title><desc id="path-desc">${picture_words}</desc>${picture.shapes | n}</svg>
<ol>
% for one in page.revisions:
<li><a class="id" href="#${one.anchor}">${one.revision.revision}</a><span class="message">${one.revision.message}</span>\
% if one.severity:
<span class="chip ${one.severity}">${one.severity}</span>\
% endif
</li>
% endfor
</ol>
</div>
</section>
% if page.locks_are_known and page.tables:
<section aria-labelledby="tables">
<h2 id="tables">Tables that are there already</h2>
<p class="lead">The strongest lock that each of them gets. A lock stays until the transaction of its file ends; partitions and children of a table are locked with it.</p>
<div class="card scroll" tabindex="0" role="group" aria-labelledby="tables">
<table>
<thead><tr><th scope="col">Table</th><th scope="col">Lock</th><th scope="col">Blocks</th><th scope="col">Rows</th><th scope="col">Statements</th></tr></thead>
<tbody>
% for one in page.tables[:most_tables]:
<tr><th scope="row"><code>${one.table}</code></th><td>${lock(one.mode)}</td><td>${blocks[one.mode]}</td><td>${WORK[one.work]}</td><td>${statement_links(one) | n}</td></tr>
% endfor
</tbody>
</table>
</div>
% if len(page.tables) > most_tables:
<p class="soft small">And ${len(page.tables) - most_tables} more, with weaker locks.</p>
% endif
</section>
% endif
<section aria-labelledby="revisions">
<h2 id="revisions">Revisions</h2>
% for one in page.revisions:
<details class="card rev" id="${one.anchor}"${"" if is_big else " open" | n}>
<summary><h3><span class="id">${one.revision.revision}</span>${one.revision.message}</h3>${hazard_chips(chips_of(one))}<span class="soft small">${plural(len(one.statements), "statement")}</span></summary>
<div class="inside">
<dl class="meta">
<dt>Follows</dt><dd><code>${heads(one.revision.down_revisions)}</code>${" and depends on " + ", ".join(one.revision.depends_on) if one.revision.depends_on else ""}${", branch " + ", ".join(one.revision.branch_labels) if one.revision.branch_labels else ""}</dd>
% if one.revision.path:
<dt>Source</dt><dd><code>${one.revision.path}</code></dd>
% endif
% if one.revision.source_digest:
<dt>SHA-256</dt><dd><code>${one.revision.source_digest}</code></dd>
% endif
% if one.files:
<dt>Applied by</dt><dd><code>${", ".join(one.files)}</code></dd>
% endif
</dl>
% if one.notes:
<p class="words">${one.notes}</p>
% endif
% if one.revision.obstacle:
<div class="box warning"><strong>Has to run online.</strong> ${one.revision.obstacle.reason}</div>
% elif not one.statements:
<p class="soft small words">No statement of its own: only the version row changes.</p>
% endif
% if one.statements:
<ol>
% for view in one.statements:
${statement(view, listing(one))}\
% endfor
</ol>
% endif
% if one.undone_by:
<details class="back"><summary>Downgrade: ${plural(len(one.undone_by), "statement")}</summary>
<ol>
% for view in one.undone_by:
${statement(view, listing(one, back=True))}\
% endfor
</ol></details>
% elif one.without_downgrade:
<p class="back small${" soft" if not one.is_without_downgrade else ""}">${strong("No downgrade.") if one.is_without_downgrade else ""}${one.without_downgrade}</p>
% else:
<p class="back small soft">The downgrade has no statement of its own.</p>
% endif
</div>
</details>
% endfor
</section>
% if page.locks_are_known:
<section aria-labelledby="reading">
<h2 id="reading">How to read the facts</h2>
<div class="card scroll" tabindex="0" role="group" aria-labelledby="reading">
<table>
<caption>Table locks of PostgreSQL, strongest first</caption>
<thead><tr><th scope="col">Lock</th><th scope="col">Who waits</th></tr></thead>
<tbody>
% for mode, who in legend:
<tr><th scope="row">${lock(mode)}</th><td>${who}</td></tr>
% endfor
</tbody>
</table>
</div>
<p class="small soft">Known from the operations of the revision, and from the text of raw SQL. Where PostgreSQL's behaviour depends on what only the database knows, the stronger lock and the greater work are said. Triggers, rules and cascading foreign keys may lock more tables. What is unknown is said to be unknown.</p>
</section>
% endif
</main>
<footer><div class="wrap">
<p>${made_by}</p>
</div></footer>
</body>
</html>
