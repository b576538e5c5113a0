#!/usr/bin/env bash
# What /sbin/entrypoint-aws-batch of the image does: fetches the working directory as a ZIP, runs the command in it, and puts the
# directory back into the same ZIP. It lies in a directory of the job's with an `aws` of its own, which the command doesn't see.
set -euo pipefail

programs=${0%/*}
home=${programs%/*}
command_path=$PATH
PATH=$programs:$PATH

for tool in unzip zip; do
  if ! type -P "$tool" >/dev/null; then
    echo "entrypoint-aws-batch: $tool is not installed on this computer; install the packages zip and unzip." >&2
    exit 127
  fi
done
url=${NEXTSTRAIN_AWS_BATCH_WORKDIR_URL:-}
if [[ $url != s3://*/*.zip ]]; then
  echo "entrypoint-aws-batch: NEXTSTRAIN_AWS_BATCH_WORKDIR_URL must be s3://….zip, not ${url:-empty}" >&2
  exit 1
fi
archive=$PWD.zip

# Info-ZIP's zip(1): nothing was to be updated. Any other status ends it all.
nothing_to_do() {
  (($1 == 12)) || exit "$1"
}

set -x

aws s3 cp --no-progress ${AWS_ENDPOINT_URL:+"--endpoint-url=$AWS_ENDPOINT_URL"} "$url" "$archive"
{ set +x; } 2>/dev/null
for overlay in augur auspice fauna; do
  status=0
  unzip -Z1 "$archive" "../$overlay/" >/dev/null 2>&1 || status=$?
  # Info-ZIP's unzip(1): nothing matched.
  if ((status == 11)); then continue; fi
  ((status == 0)) || exit "$status"
  set -x
  rm -rf "${home:?}/$overlay"
  { set +x; } 2>/dev/null
done
set -x
unzip -: -o "$archive"

{
  status=0
  PATH=$command_path
} 2>/dev/null
"$@" || { status=$?; } 2>/dev/null
{ PATH=$programs:$PATH; } 2>/dev/null

zip -u "$archive" -r . --exclude ".snakemake/*" || { nothing_to_do "$?"; } 2>/dev/null
zip -u "$archive" -r . --include ".snakemake/log/*" ".snakemake/metadata/*" ".snakemake/storage/*" ||
  { nothing_to_do "$?"; } 2>/dev/null
aws s3 cp --no-progress ${AWS_ENDPOINT_URL:+"--endpoint-url=$AWS_ENDPOINT_URL"} "$archive" "$url"

exit $status
