#!/bin/sh
# Becomes the systemd of a Debian in a directory: boot.sh DIRECTORY. The caller gives it namespaces
# of its own (mounts, processes, cgroup, network, names). The directory itself is not changed.
set -eu

state=/mnt
mount -t tmpfs -o mode=755 tmpfs "$state"
mkdir "$state/upper" "$state/work" "$state/root"
mount -t overlay -o "lowerdir=$1,upperdir=$state/upper,workdir=$state/work" overlay "$state/root"
cd "$state/root"

mount -t proc proc proc
# systemd sets variables of the kernel, and these belong to this machine.
mount -o bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
  : >"dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts run/outside
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
pivot_root . run/outside
umount -l /run/outside
exec env -i container=sluice-units PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd \
  --show-status=0 --unit=multi-user.target </dev/null >/dev/null
