"""The club's storage on SQLAlchemy: PostgreSQL through asyncpg, SQLite through aiosqlite."""
