#!/bin/bash
# shellcheck disable=SC2317 # other shells call the functions, and the trap
# Runs a job's entrypoint, /sbin/entrypoint-aws-batch and its command ("$@"), so that a job that is stopped keeps what it has made.
# By itself, the entrypoint ignores SIGTERM and uploads nothing. Here SIGTERM ends the command, drops what is half made, and lets
# the entrypoint put the rest into the archive and upload it. What it signals are its own descendants, and nothing else.
#
# The entrypoint, a bash script, calls the functions `aws`, `unzip` and `zip` below in place of the programs. The first call keeps
# them from the command: no program of a workflow ever sees them, or these variables.
# Files in $NEXTSTRAIN_JOB_STATE: `fetched` once the archive is here, `unpacked` once its files are, `zipping` once the command has ended,
# `stopping` after SIGTERM; `checkpoint` once there is one in the bucket.
#
# Every $checkpoint_seconds, what is new and complete goes to RUN-ID.checkpoint.zip, for when the job is killed without SIGTERM; 0:
# never. The job's next attempt begins with it.

say() {
  echo "nextstrain: $*" >&2
}

# Copies to or from the checkpoint in the bucket, or removes it: s3 cp FROM TO, s3 rm URL.
s3() {
  command aws s3 "$1" ${AWS_ENDPOINT_URL:+"--endpoint-url=$AWS_ENDPOINT_URL"} "${@:2}" >/dev/null
}

aws() {
  { local traced=${-//[!x]/} status=0 && set +x; } 2>/dev/null
  export -nf aws unzip zip say s3
  export -n NEXTSTRAIN_JOB_STATE
  command aws "$@" || status=$?
  # An hour's token may be over when a build of many hours ends. ECS gives the role's credentials at an address of its own.
  if ((status != 0)) && [[ -n ${AWS_ACCESS_KEY_ID-} && -n ${AWS_CONTAINER_CREDENTIALS_RELATIVE_URI-} ]]; then
    say "aws failed with the credentials in the job's environment. Trying with those of the job's role."
    status=0
    env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_SESSION_TOKEN -u AWS_PROFILE aws "$@" || status=$?
  fi
  ((status != 0)) || : >"$NEXTSTRAIN_JOB_STATE/fetched"
  if [[ -e $NEXTSTRAIN_JOB_STATE/zipping && -e $NEXTSTRAIN_JOB_STATE/checkpoint ]] && ((status == 0)); then
    # The results are in the bucket now.
    s3 rm "${NEXTSTRAIN_AWS_BATCH_WORKDIR_URL%.zip}.checkpoint.zip" || :
  fi
  { [[ -z $traced ]] || set -x && return "$status"; } 2>/dev/null
}

# Without a line in the log for each of tens of thousands of files.
unzip() {
  { local traced=${-//[!x]/} status=0 quiet=-q && set +x; } 2>/dev/null
  if [[ $1 == -Z* ]]; then quiet=; fi
  command unzip ${quiet:+"$quiet"} "$@" || status=$?
  if [[ $quiet ]] && ((status == 0)); then
    : >"$NEXTSTRAIN_JOB_STATE/unpacked"
    local last="$PWD.checkpoint.zip"
    if ((${AWS_BATCH_JOB_ATTEMPT:-1} > 1)) &&
      s3 cp --no-progress "${NEXTSTRAIN_AWS_BATCH_WORKDIR_URL%.zip}.checkpoint.zip" "$last" 2>/dev/null; then
      say "Going on from the last checkpoint of the attempt before."
      command unzip -q -o "$last"
      : >"$NEXTSTRAIN_JOB_STATE/checkpoint"
    fi
  fi
  { [[ -z $traced ]] || set -x && return "$status"; } 2>/dev/null
}

zip() {
  { local traced=${-//[!x]/} status=0 level=() loops=() loop && set +x; } 2>/dev/null
  : >"$NEXTSTRAIN_JOB_STATE/zipping"
  # A link to a directory that it lies in would have zip go round for ever.
  if [[ -n $(find . -type l -print -quit) ]]; then
    while IFS= read -r loop; do
      loops+=("${loop#./}" "${loop#./}/*")
      say "Left out $loop: it leads back to a directory that it is in."
    done < <(find -L . -printf '' 2>&1 | sed -n "s/^find: File system loop detected; [‘'\`]\(.*\)[’'] is part of .*/\1/p")
    ((${#loops[@]} == 0)) || loops=(--exclude "${loops[@]}")
  fi
  for _ in stopped again; do
    if [[ -e $NEXTSTRAIN_JOB_STATE/stopping ]]; then
      # Half a minute is left: zip takes 50 MB a second at level 1, and 400 at level 0.
      level=(-1)
      (($(find . -newer "$NEXTSTRAIN_JOB_STATE/fetched" -type f -printf '%s+')0 < 300000000)) || level=(-0)
    fi
    status=0
    command zip "${level[@]}" "$@" "${loops[@]}" || status=$?
    # Stopped meanwhile: that was too slow.
    ((status != 0 && ${#level[@]} == 0)) || break
    [[ -e $NEXTSTRAIN_JOB_STATE/stopping ]] || break
  done
  if ((status == 18)); then
    say "The files that zip could not read are left out of the results."
    status=0
  fi
  { [[ -z $traced ]] || set -x && return "$status"; } 2>/dev/null
}

# The descendants of a process.
below() {
  local children child
  read -ra children -d '' < <(cat /proc/"$1"/task/*/children 2>/dev/null)
  for child in "${children[@]}"; do
    echo "$child"
    below "$child"
  done
}

signal() {
  # shellcheck disable=SC2086 # a list of process ids
  [[ -z $2 ]] || kill "-$1" $2 2>/dev/null
}

has_ended() {
  local stat
  { read -r stat </proc/"$1"/stat; } 2>/dev/null || return 0
  [[ $stat == *') Z '* ]]
}

# What runs below the command, and what it has left to this script: as process 1 of a container, it is the parent of all orphans.
workers() {
  below "$1"
  below $$ | grep -vxF "$(
    echo "$entrypoint"
    below "$entrypoint"
  )"
}

# Ends the command: Snakemake starts no more jobs, and sees that those which ran have failed.
end_command() {
  local workers
  # A command that ends at once leaves them where they can't be found any more.
  workers=$(workers "$1")
  signal TERM "$1"
  sleep 0.5
  for _ in {1..50}; do
    signal STOP "$workers"
    workers+=" $(workers "$1")"
    signal KILL "$workers"
    if has_ended "$1"; then return; fi
    sleep 0.2
    workers=$(workers "$1")
  done
  signal KILL "$workers $1"
}

# What Snakemake is making in a directory, relative to it, a name each line: each output has a marker whose name is the output's, in
# URL-safe base64.
incomplete() {
  local marker
  while IFS= read -r marker; do
    tr -d '@/' <<<"${marker#"$1"/.snakemake/incomplete/}" | tr _- /+ | base64 -d 2>/dev/null && echo
  done < <(find "$1/.snakemake/incomplete" -type f 2>/dev/null)
}

# Removes the outputs that Snakemake was making in a directory, but none outside of the working directory.
drop_incomplete() {
  local name count=0
  while IFS= read -r name; do
    case /$name/ in
      *//* | */../*) [[ $name == "$PWD"/* && /$name/ != */../* ]] || continue ;;
      *) name=$1/$name ;;
    esac
    [[ ! -e $name ]] || ((++count))
    rm -rf -- "$name"
  done < <(incomplete "$1")
  rm -rf -- "$1/.snakemake/incomplete"
  ((count == 0)) || say "Removed $count half-made outputs."
}

# The files that are new or changed since the job began, as a list for zip: but those that Snakemake is making in directory $1, and
# those that are touched right now.
complete() {
  local making=${1#"$PWD"}
  making=${making#/}
  find . -type f -cnewer "$NEXTSTRAIN_JOB_STATE/unpacked" ! -cnewer "$NEXTSTRAIN_JOB_STATE/snapshot" \
    \( ! -path '*/.snakemake/*' -o -path './.snakemake/log/*' -o -path './.snakemake/metadata/*' \) |
    awk -v prefix="./$making${making:+/}" '
      FILENAME == ARGV[1] { making[prefix $0]; next }
      { for (part = $0; ; sub("/[^/]*$", "", part)) { if (part in making) next; if (part !~ "/") break } print }
    ' <(incomplete "$1") -
}

# Makes the checkpoint and uploads it, for the command whose process this is.
checkpoint() {
  local archive=$PWD.checkpoint.zip directory
  # The command has ended just now.
  directory=$(readlink "/proc/$1/cwd") || return 0
  : >"$NEXTSTRAIN_JOB_STATE/snapshot"
  complete "$directory" >"$NEXTSTRAIN_JOB_STATE/list"
  [[ -s $NEXTSTRAIN_JOB_STATE/list ]] || return 0
  command zip -q -1 -u "$archive" -@ <"$NEXTSTRAIN_JOB_STATE/list" || (($? == 12)) || return
  # What was begun anew, or touched, while zip read it.
  complete "$directory" | grep -vxFf - "$NEXTSTRAIN_JOB_STATE/list" | sed 's|^\./||' >"$NEXTSTRAIN_JOB_STATE/touched"
  if [[ -s $NEXTSTRAIN_JOB_STATE/touched ]]; then
    command zip -q -d "$archive" -@ <"$NEXTSTRAIN_JOB_STATE/touched" || (($? == 12)) || return
  fi
  s3 cp --no-progress "$archive" "${NEXTSTRAIN_AWS_BATCH_WORKDIR_URL%.zip}.checkpoint.zip" &&
    : >"$NEXTSTRAIN_JOB_STATE/checkpoint"
}

# Makes checkpoints while the command runs, in at most 2 % of its time.
keep_checkpoints() {
  local interval=$1 pause=$1 began command
  while sleep "$pause"; do
    [[ ! -e $NEXTSTRAIN_JOB_STATE/zipping ]] || return
    read -r command _ < <(cat "/proc/$entrypoint/task/$entrypoint/children" 2>/dev/null)
    [[ -e $NEXTSTRAIN_JOB_STATE/unpacked && -n $command ]] || continue
    began=$SECONDS
    checkpoint "$command" || say "No checkpoint could be made."
    pause=$((50 * (SECONDS - began)))
    if ((pause < interval)); then pause=$interval; fi
  done
}

stop() {
  local command directory
  trap '' TERM
  : >"$NEXTSTRAIN_JOB_STATE/stopping"
  while kill -STOP "$entrypoint" 2>/dev/null || return; do
    read -r command _ < <(cat "/proc/$entrypoint/task/$entrypoint/children" 2>/dev/null)
    if [[ -n $command || -e $NEXTSTRAIN_JOB_STATE/zipping ]]; then break; fi
    # It is between two steps.
    kill -CONT "$entrypoint" 2>/dev/null
    sleep 0.02
  done
  if [[ -e $NEXTSTRAIN_JOB_STATE/zipping ]]; then
    say "Stopping: the results are about to be uploaded."
    if [[ $(cat "/proc/$command/comm" 2>/dev/null) == zip ]]; then signal TERM "$command"; fi
  elif [[ -e $NEXTSTRAIN_JOB_STATE/fetched && $(cat "/proc/$command/comm" 2>/dev/null) != unzip ]]; then
    say "Stopping: what is finished will be uploaded."
    directory=$(readlink "/proc/$command/cwd") || directory=$PWD
    end_command "$command"
    drop_incomplete "$directory"
  else
    say "Stopping: nothing has been made yet."
    signal KILL "$(below "$entrypoint")"
    signal KILL "$entrypoint"
  fi
  kill -CONT "$entrypoint" 2>/dev/null
}

NEXTSTRAIN_JOB_STATE=$(mktemp -d) || exec "$@"
export NEXTSTRAIN_JOB_STATE
export -f aws unzip zip say s3
trap stop TERM
"$@" <&0 &
entrypoint=$!
checkpoints=
if ((${checkpoint_seconds:-0} > 0)); then
  keep_checkpoints "$checkpoint_seconds" &
  checkpoints=$!
  # Its end is no news.
  disown "$checkpoints"
fi
# A signal ends the wait, too.
until
  wait "$entrypoint"
  status=$?
  has_ended "$entrypoint"
do :; done
if [[ $checkpoints ]]; then signal KILL "$checkpoints $(below "$checkpoints")"; fi
if [[ -e $NEXTSTRAIN_JOB_STATE/stopping ]] && ((status != 0)); then status=143; fi
rm -rf "$NEXTSTRAIN_JOB_STATE"
exit "$status"
