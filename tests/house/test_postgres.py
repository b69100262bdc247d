"""The PostgreSQL that other tests lean on."""

import psycopg


def test_each_test_has_an_empty_database_of_its_own(postgres_url):
    with psycopg.connect(postgres_url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        name = connection.info.dbname
    assert tables == []
    assert name.startswith("lignin_test_")


def test_the_server_has_what_a_search_needs(postgres_url):
    with psycopg.connect(postgres_url) as connection:
        known = {row[0] for row in connection.execute("SELECT name FROM pg_available_extensions")}
    assert "pg_trgm" in known
