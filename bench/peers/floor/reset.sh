# Back to a bare host. The archive in the cache stays when KEEP=1.
systemctl disable -q --now nacos.service 2>/dev/null
rm -rf /etc/systemd/system/nacos.service /etc/systemd/system/multi-user.target.wants/nacos.service /opt/nacos /var/lib/nacos /etc/nacos /etc/plinth \
  /etc/sysctl.d/90-nacos.conf /etc/security/limits.d/90-nacos.conf /etc/logrotate.d/nacos
[ "${KEEP:-0}" = 1 ] || rm -rf /var/cache/nacos
systemctl daemon-reload
systemctl reset-failed nacos.service 2>/dev/null
userdel nacos 2>/dev/null
groupdel nacos 2>/dev/null
sysctl -q -w net.core.somaxconn=4096 net.ipv4.tcp_keepalive_time=7200
sync
