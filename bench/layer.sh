# Installs into a layer over the lab's image what the contenders need on a host. $1 is the overlay's options, $2 where to mount it, $3 a Debian
# mirror, the rest packages. Runs in a mount namespace of its own: nothing stays mounted, even when this is killed.
set -eu
options=$1 root=$2 mirror=$3
shift 3
mount -t overlay overlay -o "$options" "$root"
mount -t proc proc "$root/proc"
for file in resolv.conf hosts; do
  touch "$root/etc/$file"
  mount --bind "/etc/$file" "$root/etc/$file"
done
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
echo "deb $mirror sid main" >"$root/etc/apt/sources.list.d/bench.list"
apt() {
  chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Acquire::Check-Valid-Until=false -o Acquire::Check-Date=false "$@"
}
apt update
apt install "$@"
rm "$root/etc/apt/sources.list.d/bench.list" "$root/usr/sbin/policy-rc.d"
# The lists name only what is on the host's own disk again.
apt -o Dir::Etc::sourceparts=/etc/apt/sources.list.d update
apt clean
umount "$root/etc/resolv.conf" "$root/etc/hosts" "$root/proc"
touch "$root/etc/.updated" "$root/var/.updated"
umount "$root"
