#!/bin/sh
# Write passwords, addresses and RabbitMQ's definitions to the folder "secrets" beside this file.
# What exists is kept: servers know the passwords of their first start.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/secrets}
database=${2:-database:5432}
broker=${3:-broker:5672}

[ ! -e "$folder" ] || { echo "$folder exists: nothing is changed" >&2; exit 1; }
umask 077
mkdir "$folder"
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
put() { printf '%s' "$2" > "$folder/$1"; }

owner=$(random) app=$(random) publisher=$(random) worker=$(random)
put postgres_password "$(random)"
put owner_password "$owner"
put app_password "$app"
put database_url_owner "postgresql://reading_club_owner:$owner@$database/reading_club"
put database_url "postgresql://reading_club_app:$app@$database/reading_club"
put broker_url_publisher "amqp://reading_club_publisher:$publisher@$broker//"
put broker_url_worker "amqp://reading_club_worker:$worker@$broker//"
sed -e "s/PUBLISHER_PASSWORD/$publisher/" -e "s/WORKER_PASSWORD/$worker/" \
    "$here/../rabbitmq/definitions.json" > "$folder/broker_definitions"
# Containers read single files as other users; the folder keeps everybody else out.
chmod 0444 "$folder"/*
