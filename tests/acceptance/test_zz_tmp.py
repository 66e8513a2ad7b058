from tests.acceptance import test_environments as T
from tests.directories import *
from pathlib import Path
def show(label, fs):
    for f in fs:
        print(label, f.args, f.returncode, [(l["event"], l.get("error_code"), l.get("message") if l["event"]=="run.failed" else "") for l in f.logs if l["level"]!="debug"], f.stdout[:200] if not f.stdout.startswith("{") else "", f.stderr[-300:] if "Traceback" in f.stderr else "")
def test_zz(tmp_path, pg_url):
    d=T.directory_with(tmp_path/"a", T.online()); d.set_url("driver://user:pass@localhost/dbname")
    show("8", T.run(d,["upgrade"],["current"],["heads"],["upgrade","--sql"]))
    d=make_directory(tmp_path/"a2", chain(1)); 
    show("7", T.run(d,["heads"],["current"],["history","-i"],["show","head"],["upgrade","--sql"]))
    d=make_directory(tmp_path/"a3", chain(1), env="none"); 
    show("7n", T.run(d,["heads"],["current"],["history","-i"],["show","head"],["upgrade","--sql"]))
    d=T.directory_with(tmp_path/"c", T.online().replace("        context.run_migrations()","        context.run_migrations()\n        context.run_migrations()"), url=pg_url)
    show("C", T.run(d,["upgrade"],["upgrade"]))
    d=T.directory_with(tmp_path/"e", T.online(), [RevisionFile(revision="z"*40)], url=pg_url)
    show("10", T.run(d,["upgrade"],["stamp","head","--purge"],["stamp","base","--purge"],["upgrade"]))
    d=T.directory_with(tmp_path/"g", T.online(), chain(2), url=pg_url)
    n=make_directory(tmp_path/"h", chain(2), env="none", url=pg_url)
    import sqlalchemy as sa
    e=sa.create_engine(pg_url)
    for x in (d,n):
        with e.begin() as c: c.execute(sa.text("delete from alembic_version")); c.execute(sa.text("insert into alembic_version values ('nope')"))
        show("20", T.run(x,["stamp","head"],["upgrade"],["current"],["downgrade","-1"],["history","-i"],["show","current"],["stamp","head","--purge"],["current"]))
    e.dispose()
    assert 0
