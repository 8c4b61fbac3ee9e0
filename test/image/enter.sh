#!/bin/sh
# enter.sh FOLDER COMMAND…: in mount and process namespaces of its own, makes FOLDER the read-only root and runs COMMAND there.
set -eu
folder=$1
shift
mount --make-rprivate /
mount --bind "$folder" "$folder"
# The base image's part: this machine's shell, sleep and libraries.
for name in bin sbin lib lib64; do
  if [ -L "/$name" ]; then
    ln -sfn "$(readlink "/$name")" "$folder/$name"
  elif [ -d "/$name" ]; then
    mkdir -p "$folder/$name"
    mount --bind "/$name" "$folder/$name"
  fi
done
for name in usr/bin usr/sbin usr/lib usr/lib64; do
  if [ ! -d "/$name" ]; then continue; fi
  mkdir -p "$folder/$name"
  mount --bind "/$name" "$folder/$name"
done
mount --rbind /dev "$folder/dev"
mount -t proc proc "$folder/proc"
mount -o remount,bind,ro "$folder"
exec env -u TMPDIR PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin chroot "$folder" "$@"
