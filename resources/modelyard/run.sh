#!/bin/sh
# Runs one command of modelyard for the vars, which say in ML_* variables what to run and where (ML_MODE): on the node
# itself, or in the agent image, which gets the workspace and those variables that it may know.
set -eu

# Names of variables, never values: what stands on a command line can be read by everybody on the node. GIT_* and PIP_*
# are not passed as a whole, for Jenkins puts passwords there; whoever needs one names it in the option `environment`.
KNOWN='AWS_[A-Z0-9_]+|MODELYARD_[A-Z0-9_]+|BUILD_[A-Z0-9_]+|CHANGE_[A-Z0-9_]+|JOB_NAME|BRANCH_NAME|GIT_BRANCH|GIT_COMMIT'
KNOWN="$KNOWN|SOURCE_DATE_EPOCH|https?_proxy|no_proxy|HTTPS?_PROXY|NO_PROXY|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|SSL_CERT_FILE"

fail() {
    echo "modelyard: $1" >&2
    exit 2
}

# A line of a value that looks like a variable does no harm: the engine passes no variable that does not exist.
known_variables() {
    env | LC_ALL=C sed -n -E "s/^($KNOWN)=.*/\\1/p"
    for name in ${ML_ENVIRONMENT-}; do
        case $name in
            *[!A-Za-z0-9_]* | [0-9]*) fail "the option environment takes names of variables, not $name" ;;
        esac
        echo "$name"
    done
}

# The same in a restarted build and another for each workspace: parallel branches have one each.
container_name() {
    place=$(pwd -P | cksum | cut -d ' ' -f 1)
    printf 'modelyard-%s-%s-%s' "${BUILD_TAG-}" "$ML_NAME" "$place" | LC_ALL=C tr -c 'A-Za-z0-9_.-' '-'
}

# What a lost agent left running ends in order before the same is begun again. The engine itself removes what has ended,
# which takes a moment.
end_former() {
    patience=60
    while docker container inspect "$1" >/dev/null 2>&1 && [ "$patience" -gt 0 ]; do
        docker stop -t 60 "$1" >/dev/null 2>&1 || :
        docker rm "$1" >/dev/null 2>&1 || sleep 1
        patience=$((patience - 1))
    done
}

rm -f -- "$ML_RESULT"
case $ML_COMMAND in
    step) set -- modelyard step "$ML_STEP" --request "$ML_REQUEST" --result "$ML_RESULT" ;;
    stages | choices) set -- modelyard "$ML_COMMAND" --json --request "$ML_REQUEST" --result "$ML_RESULT" ;;
    publish) set -- modelyard publish --request "$ML_REQUEST" --result "$ML_RESULT" --out "$(dirname -- "$ML_RESULT")" ;;
    *) fail "no command is called $ML_COMMAND" ;;
esac
# A pod's container is what docker's would be.
if [ "$ML_MODE" != docker ]; then
    exec "$@"
fi

image=${ML_IMAGE:-${MODELYARD_AGENT_IMAGE-}}
[ -n "$image" ] || fail 'mode docker needs the agent image: set the option image, or MODELYARD_AGENT_IMAGE on the node'
command -v docker >/dev/null || fail 'mode docker needs the program docker on the node'

# Options are put in front one after the other, so what comes first here stands last.
set -- "$image" "$@"
names=$(known_variables)
for name in $names; do
    set -- --env "$name" "$@"
done
# Of identities and authorities that lie in files, the files; the engine refuses to show one twice.
shown='|'
for file in "${AWS_WEB_IDENTITY_TOKEN_FILE-}" "${AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE-}" \
    "${AWS_SHARED_CREDENTIALS_FILE-}" "${AWS_CONFIG_FILE-}" "${AWS_CA_BUNDLE-}" \
    "${REQUESTS_CA_BUNDLE-}" "${CURL_CA_BUNDLE-}" "${SSL_CERT_FILE-}"; do
    if [ -f "$file" ] && [ "${shown#*"|$file|"}" = "$shown" ]; then
        set -- --volume "$file:$file:ro" "$@"
        shown="$shown$file|"
    fi
done
if [ -n "${ML_NETWORK-}" ]; then
    set -- --network "$ML_NETWORK" "$@"
fi
workspace=$(cd "${WORKSPACE:-.}" && pwd -P)
set -- --volume "$workspace:$workspace" --workdir "$(pwd -P)" --user "$(id -u):$(id -g)" "$@"
set -- --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges "$@"
container=$(container_name)
end_former "$container"
set -- docker run --rm --init --no-healthcheck --name "$container" "$@"

# Whoever holds the engine's socket has the whole node: only a step that builds with the engine gets it.
if [ "${ML_STEP-}" = build_image ] && [ "$("$@" --uses 2>/dev/null)" = engine ]; then
    shift 2
    case ${DOCKER_HOST:=unix:///var/run/docker.sock} in
        unix://*)
            socket=${DOCKER_HOST#unix://}
            set -- --volume "$socket:$socket" --group-add "$(stat -c %g "$socket")" "$@"
            ;;
        *)
            if [ -n "${DOCKER_CERT_PATH-}" ]; then
                set -- --volume "$DOCKER_CERT_PATH:$DOCKER_CERT_PATH:ro" "$@"
            fi
            set -- --env DOCKER_TLS_VERIFY --env DOCKER_CERT_PATH "$@"
            ;;
    esac
    export DOCKER_HOST
    set -- docker run --env DOCKER_HOST "$@"
fi
# docker hands the signal of an abort on to the step, and ends with the step's exit code.
exec "$@"
