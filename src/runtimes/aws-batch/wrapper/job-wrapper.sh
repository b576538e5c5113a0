#!/bin/bash
# shellcheck disable=SC2317 # other shells call the functions, and the trap
# shellcheck disable=SC2154 # the job's command sets $checkpoint_seconds, $attempts and $retried
# Runs a job's entrypoint, /sbin/entrypoint-aws-batch and its command ("$@"), so that a job that is stopped keeps what it has made.
# By itself, the entrypoint ignores SIGTERM and uploads nothing. Here SIGTERM ends the command, drops what is half made, and lets
# the entrypoint put the rest into the archive and upload it. What it signals are its own descendants, and nothing else.
#
# The entrypoint, a bash script, calls the functions `aws`, `unzip` and `zip` below in place of the programs. The first call keeps
# them from the command: no program of a workflow ever sees them, or these variables.
# Files in $NEXTSTRAIN_JOB_STATE: `fetched` once the archive is here, `unpacked` once its files are, `ready` once those of a checkpoint are,
# too, `zipping` once the command has ended, `stopping` after SIGTERM; `checkpoint` once there is one in the bucket; `instance` where this is a computer of EC2's.
#
# Every $checkpoint_seconds, what is new and complete goes to RUN-ID.checkpoint.zip, for when the job is killed without SIGTERM; 0:
# never. The job's next attempt begins with it. $attempts is how many there are at most; $retried says after which ends there is another:
# `any` but success, `stopped`, or `kept`: other jobs need the job's variables.
#
# A child of an array job has arguments of its own: line $AWS_BATCH_JOB_ARRAY_INDEX of $NEXTSTRAIN_AWS_BATCH_CHILDREN_URL, words in base64. All
# children begin with the same archive. Each uploads what is new or changed to RUN-ID.part-INDEX.zip, and the archive stays as it is.

say() {
  echo "nextstrain: $*" >&2
}

# The program `aws`, with the credentials in the job's environment or, where it fails with them, with those of the job's role: an hour's
# token may be over when a build of many hours ends. ECS has the role's at an address of its own, an instance has its own.
aws_or_role() {
  local status=0
  if [[ ! ${by_role-} ]]; then
    command aws "$@" || status=$?
    ((status != 0)) && [[ ${AWS_ACCESS_KEY_ID-} ]] || return "$status"
    [[ ${AWS_CONTAINER_CREDENTIALS_RELATIVE_URI-} ]] || instance_token >/dev/null || return "$status"
    say "aws failed with the credentials in the job's environment. Trying with those of the job's role."
  fi
  env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_SESSION_TOKEN -u AWS_PROFILE aws "$@" && by_role=yes
}

# Copies to or from the bucket, or removes from it: s3 cp FROM TO, s3 rm URL.
s3() {
  aws_or_role s3 "$1" ${AWS_ENDPOINT_URL:+"--endpoint-url=$AWS_ENDPOINT_URL"} "${@:2}" >/dev/null
}

is_part() {
  [[ $NEXTSTRAIN_JOB_RESULTS != "${NEXTSTRAIN_AWS_BATCH_WORKDIR_URL%.zip}" ]]
}

aws() {
  { local traced=${-//[!x]/} status=0 && set +x; } 2>/dev/null
  export -nf aws unzip zip say s3 aws_or_role instance instance_token is_part changed stream_results
  export -n NEXTSTRAIN_JOB_STATE NEXTSTRAIN_JOB_RESULTS
  if is_part && [[ -e $NEXTSTRAIN_JOB_STATE/zipping ]]; then set -- "${@:1:$#-1}" "$NEXTSTRAIN_JOB_RESULTS.zip"; fi
  aws_or_role "$@" || status=$?
  ((status != 0)) || : >"$NEXTSTRAIN_JOB_STATE/fetched"
  if [[ -e $NEXTSTRAIN_JOB_STATE/zipping ]] && ((status == 0)); then
    # The results are in the bucket now.
    : >"$NEXTSTRAIN_JOB_STATE/stored"
    [[ ! -e $NEXTSTRAIN_JOB_STATE/checkpoint ]] || s3 rm "$NEXTSTRAIN_JOB_RESULTS.checkpoint.zip" || :
  fi
  { [[ -z $traced ]] || set -x && return "$status"; } 2>/dev/null
}

# Without a line in the log for each of tens of thousands of files. Snakemake's notes, about as many as there are files, beside them.
unzip() {
  { local traced=${-//[!x]/} status=0 notes && set +x; } 2>/dev/null
  if [[ $1 == -Z* ]]; then
    command unzip "$@" || status=$?
  else
    # 11: there are no notes, or nothing else.
    { command unzip -q "$@" '.snakemake/*' || (($? == 11)); } 2>"$NEXTSTRAIN_JOB_STATE/notes" &
    notes=$!
    command unzip -q "$@" -x '.snakemake/*' 2>"$NEXTSTRAIN_JOB_STATE/others" || (($? == 11)) || status=$?
    wait "$notes" || status=$?
    grep -hv '^caution: .*not matched' "$NEXTSTRAIN_JOB_STATE/notes" "$NEXTSTRAIN_JOB_STATE/others" >&2 || :
  fi
  if [[ ${notes-} ]] && ((status == 0)); then
    : >"$NEXTSTRAIN_JOB_STATE/unpacked"
    local last="$PWD.checkpoint.zip"
    if ((${AWS_BATCH_JOB_ATTEMPT:-1} > 1)) &&
      s3 cp --no-progress "$NEXTSTRAIN_JOB_RESULTS.checkpoint.zip" "$last" 2>/dev/null; then
      say "Going on from the last checkpoint of the attempt before."
      command unzip -q -o "$last"
      : >"$NEXTSTRAIN_JOB_STATE/checkpoint"
    fi
    # The archive of a job lacks the directory; without it, Snakemake says that it migrates notes of old.
    [[ ! -d .snakemake/metadata ]] || mkdir -p .snakemake/incomplete
    : >"$NEXTSTRAIN_JOB_STATE/ready"
  fi
  { [[ -z $traced ]] || set -x && return "$status"; } 2>/dev/null
}

# Uploads what is new as a checkpoint, in place of an archive that there may be no room for on the disk.
stream_results() {
  local checkpoint=$NEXTSTRAIN_JOB_RESULTS.checkpoint.zip
  say "zip failed. Uploading what is new without an archive on the disk."
  # It shows which credentials will do, too: what flows can't be sent twice.
  s3 rm "$checkpoint.none" || :
  changed | command zip -q -1 - -@ | s3 cp - "$checkpoint" || say "The results could not be uploaded."
}

# The files that are new or changed since the job began, and new directories that are empty, as a list for zip; links are followed, as
# zip does. Of Snakemake's own, those that the entrypoint takes. More conditions for find: "$@".
changed() {
  local since=(-cnewer "$NEXTSTRAIN_JOB_STATE/unpacked") which=("$@" \() kind
  for kind in log metadata storage; do which+=(-path "*/.snakemake/$kind/*" -o); done
  which+=(! -path '*/.snakemake/*' \))
  {
    find -L . \( -type f -o -type d -empty \) "${since[@]}" "${which[@]}"
    find . -type l "${since[@]}" "${which[@]}" -exec find -L {} -type f "${which[@]}" \;
  } 2>/dev/null | sort -u
}

zip() {
  { local traced=${-//[!x]/} status=0 level=() loops=() loop names=/dev/null unlisted=0 && set +x; } 2>/dev/null
  : >"$NEXTSTRAIN_JOB_STATE/zipping"
  # A link to a directory that it lies in would have zip go round for ever.
  if [[ -n $(find . -type l -print -quit) ]]; then
    while IFS= read -r loop; do
      loops+=("${loop#./}" "${loop#./}/*")
      say "Left out $loop: it leads back to a directory that it is in."
    done < <(find -L . -printf '' 2>&1 | sed -n "s/^find: File system loop detected; [‘'\`]\(.*\)[’'] is part of .*/\1/p")
    ((${#loops[@]} == 0)) || loops=(--exclude "${loops[@]}")
  fi
  if is_part; then
    # The first call makes an archive of all that is new, in place of the one that was fetched. For the second, nothing is left.
    [[ ! -e $NEXTSTRAIN_JOB_STATE/parted ]] || { [[ -z $traced ]] || set -x && return; } 2>/dev/null
    : >"$NEXTSTRAIN_JOB_STATE/parted"
    names=$NEXTSTRAIN_JOB_STATE/names
    changed >"$names"
    # An archive without entries.
    { printf 'PK\5\6' && head -c 18 /dev/zero; } >"$2"
    set -- -q "$2" -@
    loops=()
  fi
  for _ in stopped again; do
    if [[ -e $NEXTSTRAIN_JOB_STATE/stopping ]]; then
      # Half a minute is left: zip takes 50 MB a second at level 1, and 400 at level 0.
      level=(-1)
      (($(find . -newer "$NEXTSTRAIN_JOB_STATE/fetched" -type f -printf '%s+')0 < 300000000)) || level=(-0)
    fi
    status=$unlisted
    ((status != 0)) || command zip "${level[@]}" "$@" "${loops[@]}" <"$names" || status=$?
    # Stopped meanwhile: that was too slow.
    ((status != 0 && ${#level[@]} == 0)) || break
    [[ -e $NEXTSTRAIN_JOB_STATE/stopping ]] || break
  done
  # 12: nothing is new.
  if is_part && ((status == 12)); then status=0; fi
  if ((status == 18)); then
    say "The files that zip could not read are left out of the results."
    status=0
  fi
  ((status == 0 || status == 12)) || stream_results
  { [[ -z $traced ]] || set -x && return "$status"; } 2>/dev/null
}

# The descendants of a process.
below() {
  local list children child
  for list in /proc/"$1"/task/*/children; do
    { read -ra children <"$list"; } 2>/dev/null
    for child in "${children[@]}"; do
      echo "$child"
      below "$child"
    done
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

# The files that are new or changed since the job began, but those that Snakemake is making in directory $1, and those that are touched
# right now.
complete() {
  local making=${1#"$PWD"}
  making=${making#/}
  changed ! -cnewer "$NEXTSTRAIN_JOB_STATE/snapshot" |
    awk -v prefix="./$making${making:+/}" '
      FILENAME == ARGV[1] { making[prefix $0]; next }
      { for (part = $0; ; sub("/[^/]*$", "", part)) { if (part in making) next; if (part !~ "/") break } print }
    ' <(incomplete "$1") -
}

# Makes the checkpoint and uploads it, for the command whose process this is.
checkpoint() {
  local archive=$PWD.checkpoint.zip new=$PWD.checkpoint-new.zip directory status=0
  # The command has ended just now.
  directory=$(readlink "/proc/$1/cwd") || return 0
  : >"$NEXTSTRAIN_JOB_STATE/snapshot"
  complete "$directory" >"$NEXTSTRAIN_JOB_STATE/list"
  [[ -s $NEXTSTRAIN_JOB_STATE/list ]] || return 0
  rm -f "$new"
  if [[ -e $archive ]]; then
    # In step with the list: what the last checkpoint has and is gone by now goes, what hasn't changed is copied. 12: nothing has changed.
    command zip -q -1 -FS "$archive" -O "$new" -@ <"$NEXTSTRAIN_JOB_STATE/list" || status=$?
    ((status != 12)) || return 0
  else
    command zip -q -1 "$new" -@ <"$NEXTSTRAIN_JOB_STATE/list" || status=$?
  fi
  ((status == 0)) || return
  # What was begun anew, or touched, while zip read it.
  complete "$directory" | grep -vxFf - "$NEXTSTRAIN_JOB_STATE/list" | sed 's|^\./||' >"$NEXTSTRAIN_JOB_STATE/touched"
  if [[ -s $NEXTSTRAIN_JOB_STATE/touched ]]; then
    command zip -q -d "$new" -@ <"$NEXTSTRAIN_JOB_STATE/touched" || (($? == 12)) || return
  fi
  # One that is under way as the results are stored is removed at the end.
  : >"$NEXTSTRAIN_JOB_STATE/uploading"
  send_rest "$archive" "$new" || s3 cp --no-progress "$new" "$NEXTSTRAIN_JOB_RESULTS.checkpoint.zip" || return
  mv -f "$new" "$archive"
  : >"$NEXTSTRAIN_JOB_STATE/checkpoint"
  [[ -e $NEXTSTRAIN_JOB_STATE/zipping ]] || rm "$NEXTSTRAIN_JOB_STATE/uploading"
}

# Uploads a checkpoint ($2) that begins as the last one ($1) does, for $least_same bytes (64 MiB): those S3 copies, only the rest is sent.
# Fails where that can't be done.
send_rest() {
  local object=${NEXTSTRAIN_JOB_RESULTS#s3://}.checkpoint.zip same from to number=0 upload tag parts=
  local rest=$PWD.checkpoint-rest
  same=$(LC_ALL=C cmp "$1" "$2" 2>&1 | sed -nE 's/.* (byte|char) ([0-9]+).*/\2/p')
  ((${same:-0} >= ${least_same:-67108864})) || return
  api() {
    aws_or_role s3api "$1" ${AWS_ENDPOINT_URL:+"--endpoint-url=$AWS_ENDPOINT_URL"} --bucket "${object%%/*}" --key "${object#*/}" \
      --output text "${@:2}" 2>/dev/null
  }
  upload=$(api create-multipart-upload --query UploadId) || return
  for ((from = 0; from <= same; from = to)); do
    ((++number))
    if ((from < same - 1)); then
      # A part has 5 MiB at least and 5 GiB at most.
      to=$((same - 1 - from < 2147483648 ? same - 1 : from + 1073741824))
      tag=$(api upload-part-copy --upload-id "$upload" --part-number "$number" --copy-source "$object" \
        --copy-source-range "bytes=$from-$((to - 1))" --query CopyPartResult.ETag) || break
    else
      to=$((same + 1))
      tail -c "+$same" "$2" >"$rest" || break
      tag=$(api upload-part --upload-id "$upload" --part-number "$number" --body "$rest" --query ETag) || break
    fi
    parts+=",{\"PartNumber\":$number,\"ETag\":\"${tag//\"/}\"}"
  done
  rm -f "$rest"
  if ((from > same)) && api complete-multipart-upload --upload-id "$upload" --multipart-upload "{\"Parts\":[${parts#,}]}" >/dev/null; then
    return
  fi
  api abort-multipart-upload --upload-id "$upload"
  return 1
}

# Makes checkpoints while the command runs, by at most 2 % of one processor's time.
keep_checkpoints() {
  local interval=$1 pause=$1 began stat command
  while sleep "$pause"; do
    [[ ! -e $NEXTSTRAIN_JOB_STATE/zipping ]] || return
    { read -r command _ <"/proc/$entrypoint/task/$entrypoint/children"; } 2>/dev/null
    [[ -e $NEXTSTRAIN_JOB_STATE/ready && -n $command ]] || continue
    # proc(5): the time of the children that have ended, in hundredths of a second.
    read -ra stat <"/proc/$BASHPID/stat"
    began=$((stat[15] + stat[16]))
    checkpoint "$command" || say "No checkpoint could be made."
    read -ra stat <"/proc/$BASHPID/stat"
    pause=$(((stat[15] + stat[16] - began) / 2))
    if ((pause < interval)); then pause=$interval; fi
  done
}

# What the job uses: memory in bytes, without what the kernel could take back, and processor time in microseconds. As process 1, this
# script has a control group of its own (cgroup-v2.rst, cgroup-v1/memory.rst); elsewhere it adds up what runs below it (proc(5)).
measure() {
  local kinds='^(anon|shmem)$' group=/sys/fs/cgroup name value stat
  memory=0 cpu=0
  if (($$ == 1)) && [[ -r $group/cpu.stat && -r $group/memory.stat ]]; then
    read -r _ cpu <"$group/cpu.stat"
  elif (($$ == 1)) && [[ -r $group/cpuacct/cpuacct.usage && -r $group/memory/memory.stat ]]; then
    read -r cpu <"$group/cpuacct/cpuacct.usage"
    cpu=$((cpu / 1000)) kinds='^total_(rss|shmem)$' group+=/memory
  else
    for name in $$ $(below $$); do
      { read -r stat <"/proc/$name/stat"; } 2>/dev/null || continue
      # shellcheck disable=SC2206 # numbers; a here-string for `read -a` would fork
      stat=(${stat##*) })
      ((memory += 4096 * stat[21], cpu += 10000 * (stat[11] + stat[12] + stat[13] + stat[14])))
    done
    return
  fi
  while read -r name value; do
    [[ ! $name =~ $kinds ]] || ((memory += value))
  done <"$group/memory.stat"
}

# Requests a page of EC2's metadata service (IMDSv2): METHOD PATH HEADER. Fails where there is none.
instance() {
  local address=${AWS_EC2_METADATA_SERVICE_ENDPOINT:-http://169.254.169.254}
  address=${address#*://}
  # shellcheck disable=SC2016 # another shell's
  timeout 2 bash -c '
    host=${0%%/*}
    port=${host#*:}
    [[ $port != "$host" ]] || port=80
    exec 3<>"/dev/tcp/${host%:*}/$port" || exit
    printf "%s %s HTTP/1.1\r\nHost: %s\r\n%s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" "$1" "${0#"$host"}$2" "$host" "$3" >&3
    read -r _ status _ <&3
    [[ $status == 200 ]] || exit
    while read -r line <&3 && ((${#line} > 1)); do :; done
    cat <&3
  ' "${address%/}" "$@" 2>/dev/null
}

instance_token() {
  instance PUT /latest/api/token "X-aws-ec2-metadata-token-ttl-seconds: 60"
}

# Whether the instance is about to be taken away, as Spot says two minutes before.
is_reclaimed() {
  local token
  token=$(instance_token) || return
  : >"$NEXTSTRAIN_JOB_STATE/instance"
  instance GET /latest/meta-data/spot/instance-action "X-aws-ec2-metadata-token: $token" >/dev/null
}

# Every five seconds, and more often at first: notes the job's peak use among Snakemake's logs, and looks whether the instance is to go.
watch_over() {
  local pauses=(0.3 0.7 1 2) looks=0 memory cpu used now begun_used last_cpu last_now changed command directory
  local peak_memory=0 peak_cores=0 peak_disk=0
  higher() { if (($2 > $1)); then printf -v "$1" %d "$2" && changed=yes; fi; }
  while sleep "${pauses[looks]:-5}"; do
    measure
    { read -r _ && read -r _ _ used _; } < <(df -kP .)
    now=${EPOCHREALTIME/[.,]/} changed=
    if ((looks++ == 0)); then last_now=$now last_cpu=$cpu begun_used=$used; fi
    higher peak_memory "$memory"
    higher peak_disk $((used - begun_used))
    ((now == last_now)) || higher peak_cores $((100 * (cpu - last_cpu) / (now - last_now)))
    last_now=$now last_cpu=$cpu
    { read -r command _ <"/proc/$entrypoint/task/$entrypoint/children"; } 2>/dev/null
    if [[ $changed && -e $NEXTSTRAIN_JOB_STATE/ready && ! -e $NEXTSTRAIN_JOB_STATE/zipping ]] &&
      directory=$(readlink "/proc/$command/cwd")/.snakemake/log && [[ -d $directory ]]; then
      printf '{"version":1,"memoryBytes":%d,"cores":%d.%02d,"diskBytes":%d}\n' \
        "$peak_memory" $((peak_cores / 100)) $((peak_cores % 100)) $((1024 * peak_disk)) >"$NEXTSTRAIN_JOB_STATE/use"
      mv -f "$NEXTSTRAIN_JOB_STATE/use" "$directory/${AWS_BATCH_JOB_ID-job}.use.json"
    fi
    if { ((looks == 1)) || [[ -e $NEXTSTRAIN_JOB_STATE/instance ]]; } && is_reclaimed; then
      say "EC2 takes this computer back."
      kill -TERM $$
      return
    fi
  done
}

stop() {
  local command directory
  trap '' TERM
  : >"$NEXTSTRAIN_JOB_STATE/stopping"
  while kill -STOP "$entrypoint" 2>/dev/null || return; do
    { read -r command _ <"/proc/$entrypoint/task/$entrypoint/children"; } 2>/dev/null
    if [[ -n $command || -e $NEXTSTRAIN_JOB_STATE/zipping ]]; then break; fi
    # It is between two steps.
    kill -CONT "$entrypoint" 2>/dev/null
    sleep 0.02
  done
  if [[ -e $NEXTSTRAIN_JOB_STATE/zipping ]]; then
    say "Stopping: the results are about to be uploaded."
    if [[ $(cat "/proc/$command/comm" 2>/dev/null) == zip ]]; then signal TERM "$command"; fi
  elif [[ -e $NEXTSTRAIN_JOB_STATE/ready ]]; then
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

# Removes the variables that the job was given, once no later attempt needs them. The image would end a job whose credentials can't.
drop_variables() {
  [[ -z ${NEXTSTRAIN_ENVD_URL-} ]] || s3 rm "$NEXTSTRAIN_ENVD_URL" 2>/dev/null
}

# What an image may lack that has the entrypoint.
type awk base64 df find mktemp readlink sed >/dev/null 2>&1 || exec "$@"
NEXTSTRAIN_JOB_STATE=$(mktemp -d) || exec "$@"
# The URL of the results, without `.zip`.
NEXTSTRAIN_JOB_RESULTS=${NEXTSTRAIN_AWS_BATCH_WORKDIR_URL%.zip}
export NEXTSTRAIN_JOB_STATE NEXTSTRAIN_JOB_RESULTS
if [[ ${NEXTSTRAIN_AWS_BATCH_CHILDREN_URL-} ]]; then
  NEXTSTRAIN_JOB_RESULTS+=.part-$AWS_BATCH_JOB_ARRAY_INDEX
  s3 cp --no-progress "$NEXTSTRAIN_AWS_BATCH_CHILDREN_URL" "$NEXTSTRAIN_JOB_STATE/children" || {
    say "The arguments of this child could not be fetched."
    exit 1
  }
  read -ra words < <(sed -n "$((AWS_BATCH_JOB_ARRAY_INDEX + 1))p" "$NEXTSTRAIN_JOB_STATE/children")
  for word in "${words[@]}"; do set -- "$@" "$(base64 -d <<<"$word")"; done
fi
export -f aws unzip zip say s3 aws_or_role instance instance_token is_part changed stream_results
trap stop TERM
"$@" <&0 &
entrypoint=$!
watch_over &
helpers=$!
if ((${checkpoint_seconds:-0} > 0)); then
  keep_checkpoints "$checkpoint_seconds" &
  helpers+=" $!"
fi
# Their ends are no news.
for helper in $helpers; do disown "$helper"; done
dropping=
if [[ $retried != kept ]] && ((${AWS_BATCH_JOB_ATTEMPT:-1} >= attempts)); then
  drop_variables &
  dropping=$!
fi
# A signal ends the wait, too.
until
  wait "$entrypoint"
  status=$?
  has_ended "$entrypoint"
do :; done
for helper in $helpers; do signal KILL "$helper $(below "$helper")"; done
if [[ -e $NEXTSTRAIN_JOB_STATE/stored && -e $NEXTSTRAIN_JOB_STATE/uploading ]]; then
  s3 rm "$NEXTSTRAIN_JOB_RESULTS.checkpoint.zip"
fi
if [[ -e $NEXTSTRAIN_JOB_STATE/stopping ]] && ((status != 0)); then status=143; fi
if [[ $dropping ]]; then
  wait "$dropping" || drop_variables
elif [[ $retried != kept ]] && { ((status == 0)) || [[ $retried != any && $status != 143 ]]; }; then
  drop_variables
fi
rm -rf "$NEXTSTRAIN_JOB_STATE"
exit "$status"
