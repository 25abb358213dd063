#!/bin/sh
# usage: unshare --mount --pid --fork --kill-child machine.sh WORK_DIR SUITE MIRROR
# A small Debian with programs that link libuv, in which WORK_DIR/debs/*.deb are installed. Everything that this mounts is in its own
# mount namespace, and everything that it starts in its own process namespace: both end with it, however it ends.
set -eu
work=$1 suite=$2 mirror=$3
here=$(cd "$(dirname "$0")" && pwd)
base=$work/$suite mount=$work/mount
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount --make-rprivate /

# Made once, with the network: programs, and the libuv that is to come back in the end.
if [ ! -d "$base" ]; then
  rm -rf --one-file-system "$base.new"
  debootstrap --variant=minbase "$suite" "$base.new" "$mirror"
  chroot "$base.new" apt-get install -qqy --no-install-recommends cmake neovim nodejs
  chroot "$base.new" apt-get clean
  chroot "$base.new" apt-get install -qqy --download-only --reinstall libuv1 ||
    chroot "$base.new" apt-get install -qqy --download-only --reinstall libuv1t64
  umount --recursive --quiet "$base.new/proc" "$base.new/sys" || true
  mv "$base.new" "$base"
fi

# What is installed goes to memory, not to the folder.
mkdir -p "$mount"
mount -t tmpfs -o mode=755 tmpfs "$mount"
mkdir "$mount/upper" "$mount/work" "$mount/root"
mount -t overlay -o "lowerdir=$base,upperdir=$mount/upper,workdir=$mount/work" overlay "$mount/root"
mkdir "$mount/root/packages"
cp "$work"/debs/*.deb "$here/steps.sh" "$mount/root/packages/"
mount -t proc proc "$mount/root/proc"
exec env --ignore-environment DEBIAN_FRONTEND=$DEBIAN_FRONTEND LC_ALL=$LC_ALL PATH=$PATH \
  unshare --net chroot "$mount/root" sh /packages/steps.sh
