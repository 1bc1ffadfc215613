-- The roles of a club in the current database, as a superuser; it may run again, also later on:
--   psql --set ON_ERROR_STOP=1 --file roles.sql "postgresql://postgres@HOST/reading_club"
-- reading_club_owner owns the tables: `reading-club migrate` alone uses it.
-- reading_club_app reads and writes rows: web, relay, workers and all other commands use it.
-- Neither has a password yet: passwords.sh sets them, or psql's \password.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reading_club_owner') THEN
    CREATE ROLE reading_club_owner LOGIN;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reading_club_app') THEN
    CREATE ROLE reading_club_app LOGIN;
  END IF;
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format(
    'GRANT CONNECT ON DATABASE %I TO reading_club_owner, reading_club_app', current_database()
  );
END
$$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO reading_club_owner;
GRANT USAGE ON SCHEMA public TO reading_club_app;

-- Alembic notes the version of the schema here. It is made before the rules for later tables, so
-- that the application reads it and cannot write it.
SET ROLE reading_club_owner;
CREATE TABLE IF NOT EXISTS public.alembic_version (
  version_num varchar(32) NOT NULL,
  CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- For each table and sequence that a migration makes.
ALTER DEFAULT PRIVILEGES FOR ROLE reading_club_owner IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO reading_club_app;
ALTER DEFAULT PRIVILEGES FOR ROLE reading_club_owner IN SCHEMA public
  GRANT USAGE ON SEQUENCES TO reading_club_app;

-- For those that are there.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO reading_club_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO reading_club_app;
REVOKE ALL ON public.alembic_version FROM reading_club_app;
GRANT SELECT ON public.alembic_version TO reading_club_app;
RESET ROLE;
