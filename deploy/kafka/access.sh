#!/usr/bin/env bash
# Users of a secured Kafka, and what each may do: the least that its work needs (docs/kafka.md).
#
#   access.sh [options] user NAME        a name for SCRAM; its password is read from standard input
#   access.sh [options] producer NAME... a feed: writes events, reads nothing
#   access.sh [options] worker NAME...   watchroom worker, restore
#   access.sh [options] operator NAME... watchroom topics
#   access.sh [options] reader NAME...   watchroom deadletter list, replay kafka://, backup
#   access.sh [options] doctor NAME...   watchroom doctor
#   access.sh [options] retrier NAME...  watchroom deadletter retry
#
# A name is that of SCRAM or PLAIN, the common name of a certificate, or the subject of a token. Who
# publishes files of history is a producer and a reader.
#
# It prints the commands of Kafka's own tools, and runs them only with --apply.
#
#   --apply               run them
#   --broker HOST:PORT    the brokers (default: WATCHROOM_BOOTSTRAP, else localhost:9092)
#   --config FILE         how to reach them as somebody who may grant rights, as Kafka's tools read it
#                         (default: admin.properties)
#   --prefix PREFIX       what topic names start with (default: watchroom)
#   --topic-prefix PREFIX the same of topics that workers read; may be repeated (default: --prefix)
#   --feeds A,B           what a producer may write (default: calls,incidents,crimes,readings,heartbeats)
#   --group GROUP         the consumer group of the workers (default: watchroom)
#   --mechanism NAME      SCRAM-SHA-256 or SCRAM-SHA-512 (default) for `user`
#   --deny                take the rights away again
#
# KAFKA_BIN names the folder of Kafka's tools where they are not on PATH.
set -euo pipefail

bootstrap=${WATCHROOM_BOOTSTRAP:-localhost:9092} config=admin.properties prefix=watchroom
group=watchroom mechanism=SCRAM-SHA-512 feeds=calls,incidents,crimes,readings,heartbeats
apply='' action=--add input_prefixes=()

usage() { sed -n '2,/^set /s/^# \{0,1\}//p' "$0" | sed '/^set /d' >&2; exit 2; }
wrong() { echo "$1" >&2; exit 2; }

while [ $# -gt 0 ] && [[ $1 == -* ]]; do
    case $1 in
        --apply) apply=yes; shift; continue ;;
        --deny) action=--remove; shift; continue ;;
        -h | --help) usage ;;
    esac
    [ $# -gt 1 ] || wrong "$1 needs a value"
    case $1 in
        --broker) bootstrap=$2 ;;
        --config) config=$2 ;;
        --prefix) prefix=${2%.} ;;
        --topic-prefix) input_prefixes+=("${2%.}") ;;
        --feeds) feeds=$2 ;;
        --group) group=$2 ;;
        --mechanism) mechanism=$2 ;;
        *) wrong "$1 is no option; see $0 --help" ;;
    esac
    shift 2
done
[ $# -ge 2 ] || usage
role=$1 names=("${@:2}") principals=()
for name in "${names[@]}"; do
    [[ $name =~ ^[A-Za-z0-9._@=,+\ -]+$ ]] || wrong "\"$name\" is no name of a user"
    principals+=(--allow-principal "User:$name")
done
[ ${#input_prefixes[@]} -gt 0 ] || input_prefixes=("$prefix")

run() {
    if [ -n "$apply" ]; then
        "${KAFKA_BIN:+$KAFKA_BIN/}$1" "${@:2}"
    else
        printf '%q ' "$@"; echo
    fi
}

# allow OPERATION... -- RESOURCE...
allow() {
    local operations=()
    while [ "$1" != -- ]; do operations+=(--operation "$1"); shift; done
    shift
    local force=()
    [ $action = --add ] || force=(--force)
    run kafka-acls.sh --bootstrap-server "$bootstrap" --command-config "$config" $action \
        "${force[@]}" "${principals[@]}" "${operations[@]}" "$@"
}

inputs=()
for each in "${input_prefixes[@]}"; do
    for feed in ${feeds//,/ }; do inputs+=(--topic "$each.$feed"); done
done

case $role in
    user)
        [ ${#names[@]} -eq 1 ] || wrong "one user at a time: standard input holds one password"
        [[ $mechanism =~ ^SCRAM-SHA-(256|512)$ ]] || wrong "$mechanism is no SCRAM-SHA-256 or -512"
        reach=(--bootstrap-server "$bootstrap" --command-config "$config" --entity-type users)
        if [ $action = --remove ]; then
            run kafka-configs.sh "${reach[@]}" --entity-name "$name" --alter \
                --delete-config "$mechanism"
            exit
        fi
        if [ -z "$apply" ]; then
            run kafka-configs.sh "${reach[@]}" --entity-name "$name" --alter --add-config-file FILE
            echo "# FILE holds $mechanism=password=..., as read from standard input"
            exit
        fi
        IFS= read -r password || [ -n "$password" ] || wrong "no password came on standard input"
        [[ $password != *[,\\]* ]] || wrong "Kafka's tool takes no comma and no backslash in a password"
        file=$(mktemp)  # 0600; on the command line everybody on this machine could read it
        trap 'rm -f "$file"' EXIT
        printf '%s=password=%s\n' "$mechanism" "$password" >"$file"
        run kafka-configs.sh "${reach[@]}" --entity-name "$name" --alter --add-config-file "$file"
        ;;
    producer)
        allow Write DescribeConfigs -- "${inputs[@]}"
        ;;
    worker)
        allow Read DescribeConfigs -- "${inputs[@]}" \
            --topic "$prefix.alerts" --topic "$prefix.published"
        allow Write DescribeConfigs -- \
            --topic "$prefix.alerts" --topic "$prefix.published" --topic "$prefix.deadletter"
        allow Read -- --group "$group"
        # Alerts are written by one worker a partition: whoever takes it over shuts the other out.
        allow Write Describe -- --resource-pattern-type prefixed \
            --transactional-id "$prefix.alerts-$group-"
        ;;
    operator)
        allow Create Delete Describe DescribeConfigs AlterConfigs -- \
            --resource-pattern-type prefixed --topic "$prefix."
        ;;
    reader)
        allow Read DescribeConfigs -- --resource-pattern-type prefixed --topic "$prefix."
        ;;
    doctor)
        allow Read DescribeConfigs -- --resource-pattern-type prefixed --topic "$prefix."
        allow Describe -- --group "$group"
        ;;
    retrier)
        allow Read DescribeConfigs -- --topic "$prefix.deadletter"
        allow Write DescribeConfigs -- --topic "$prefix.deadletter" "${inputs[@]}"
        ;;
    *) wrong "\"$role\" is no role: user, producer, worker, operator, reader, doctor or retrier" ;;
esac
