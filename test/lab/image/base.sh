# Finishes the base of every host. $1 is the root, $2 the folder of the JDK's packages, $3 the folder of our files.
set -eu
root=$1
rm -f "$root"/etc/apt/sources.list "$root"/etc/apt/apt.conf.d/*mmdebstrap "$root"/etc/dpkg/dpkg.cfg.d/99mmdebstrap
cp -r "$3/." "$root/"

# A flat repository, the only source: what a host installs comes from its own disk.
mkdir -p "$root/srv/packages"
cp "$2"/*.deb "$root/srv/packages/"
(
  cd "$root/srv/packages"
  for deb in *.deb; do
    dpkg-deb --field "$deb"
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$deb" "$(stat -c %s "$deb")" "$(sha256sum "$deb" | cut -d' ' -f1)"
  done >Packages
)
chroot "$root" apt-get -qq update
echo 'debconf debconf/frontend select Noninteractive' | chroot "$root" debconf-set-selections

# Nothing runs by itself beside the services under test, and nothing is left for the first boot.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer systemd-tmpfiles-clean.timer \
  console-getty.service systemd-pstore.service; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
chroot "$root" systemd-sysusers
chroot "$root" ldconfig
rm -rf "$root"/etc/ssh/ssh_host_* "$root"/etc/machine-id "$root"/etc/hostname "$root"/var/cache/apt/* "$root"/var/log/*.log
mkdir -p "$root/var/log/journal" "$root/var/cache/apt/archives/partial"
touch "$root/etc/.updated" "$root/var/.updated"
