#!/bin/sh
# Set the roles' passwords from files, once, when the container makes its database.
set -eu
folder=${SECRETS:-/run/secrets}
# By standard input: what is on a command line, every user of the machine may read.
psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<SQL
ALTER ROLE reading_club_owner PASSWORD '$(cat "$folder/owner_password")';
ALTER ROLE reading_club_app PASSWORD '$(cat "$folder/app_password")';
SQL
