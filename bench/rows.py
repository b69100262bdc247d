"""Many rows at once, for scripts of `measure.Workspace`: copies of the last row of a SQLite table, with expressions for what differs."""

__all__ = ["FILL_ROWS"]

# Each expression may name the copy's number, `i.n` from 1, and the row's own columns, `t.…`.
FILL_ROWS = """
def fill_rows(connection, table, count, **changed):
    names = [row[1] for row in connection.execute(f"pragma table_info({table})")]
    changed = dict(uid="substr('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' || i.n, -16) || '0000'") | changed
    values = ", ".join(changed.get(name, f't."{name}"') for name in names)
    listed = ", ".join(f'"{name}"' for name in names)
    connection.execute(
        f"with recursive i(n) as (select 1 union all select n + 1 from i where n < ?) "
        f"insert into {table} ({listed}) select {values} from (select * from {table} order by id desc limit 1) t, i",
        (count,),
    )
"""
