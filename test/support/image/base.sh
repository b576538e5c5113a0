#!/bin/bash
# Makes the root file system of the test image in an empty directory, from Debian's packages: base.sh DIRECTORY
# Takes minutes, some 350 MB from the mirror, and root.
set -euo pipefail

root=$1
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
packages=(
  snakemake augur mafft iqtree fasttree raxml
  awscli daemontools zip unzip
)

debootstrap --variant=minbase --include=ca-certificates bookworm "$root" "$mirror"

# No documentation, nothing to compile against, no services, and no waiting for the disk: what is cut short is built anew.
# Azure's client is more than all the rest: Snakemake's dependencies name it, and nothing here calls it.
cat >"$root/etc/dpkg/dpkg.cfg.d/test-image" <<'END'
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/man/*
path-exclude=/usr/include/*
path-exclude=/usr/lib/python3/dist-packages/azure/*
force-unsafe-io
END
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"

inside() {
  chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
    http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" "$@"
}
# Python's modules are compiled all at once, and without what was left out.
inside dpkg-divert --quiet --local --rename --add /usr/bin/py3compile
ln -s /bin/true "$root/usr/bin/py3compile"
inside apt-get --quiet update
inside apt-get --quiet install --yes --no-install-recommends "${packages[@]}"
inside python3 -m compileall -q -j 0 /usr/lib/python3 /usr/lib/python3.11 || true
inside groupadd --gid 999 nextstrain
inside useradd --uid 999 --gid 999 --home-dir /nextstrain --no-create-home --shell /bin/bash nextstrain

# As in the stock image: whoever the container runs as may write there. Augur, Auspice and fauna can be laid over.
for directory in "" build env.d augur auspice fauna; do
  mkdir -p "$root/nextstrain/$directory"
  chmod a+rwx "$root/nextstrain/$directory"
done
for overlay in augur auspice fauna; do echo "the image's" >"$root/nextstrain/$overlay/origin"; done
inside chown -R nextstrain:nextstrain /nextstrain

rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/etc/{resolv.conf,hostname} "$root"/var/log/*
