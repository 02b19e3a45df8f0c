# Adds MySQL to the base, as a layer. $1 is the root (overlay, in a mount namespace of its own), $2 the folder of MySQL's packages, $3 the
# folder of our files.
set -eu
root=$1
mount -t proc proc "$root/proc"
mkdir "$root/srv/db"
mount --bind "$2" "$root/srv/db"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
chroot "$root" sh -c 'DEBIAN_FRONTEND=noninteractive apt-get -qq -y install /srv/db/*.deb'
umount "$root/srv/db"
rmdir "$root/srv/db"
rm "$root/usr/sbin/policy-rc.d"
cp -r "$3/." "$root/"
# Each host gets a server id of its own at its first start.
rm -f "$root/var/lib/mysql/auto.cnf" "$root"/var/log/mysql/*
rm -rf "$root"/var/cache/apt/archives/*.deb
touch "$root/etc/.updated" "$root/var/.updated"
umount "$root/proc"
