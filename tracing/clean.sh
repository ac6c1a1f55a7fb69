#!/bin/sh
# Deletes Jaeger's indices of more than eight days ago, a day more than jaeger.yaml searches (max_span_age): at once and every
# hour again. For the image of Jaeger's index cleaner, which has this shell and the program.
#
#   ELASTICSEARCH_URL, ELASTICSEARCH_USERNAME, ELASTICSEARCH_PASSWORD
# ES_TLS_ENABLED: without it the program does not verify https.
export ES_TLS_ENABLED=true ES_USERNAME="${ELASTICSEARCH_USERNAME:-}" ES_PASSWORD="${ELASTICSEARCH_PASSWORD:-}"

while :; do
  # It says in the log what it deletes, or why it cannot; then the next hour tries again.
  /go/bin/es-index-cleaner-linux 8 "${ELASTICSEARCH_URL:-http://elasticsearch:9200}"
  sleep 3600
done
