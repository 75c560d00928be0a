#!/bin/bash
# tests/bare/run.sh [--user] [--ci]: follows README.md in a bare Debian 12, as a newcomer would.
#
# Makes build/bare/root (debootstrap minbase), clones this repository's HEAD into it, starts
# `./dev run --demo`, sends the README's first mail, shows it at its destination and the queue, and
# ends all with Ctrl-C. --user does it as a user with sudo instead of root; --ci then also runs
# .ci/run there. Run by hand, as root; takes some minutes and needs the ports 2525, 2526 and 8025 of
# 127.0.0.1. Not part of ./dev test.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "tests/bare/run.sh: needs root" >&2; exit 1; }
if [ "${MALLEPOSTE_BARE:-}" != inside ]; then
  exec env MALLEPOSTE_BARE=inside unshare --mount --propagation private "$0" "$@"
fi
root=$PWD/build/bare/root
user=root ci=no
for option in "$@"; do
  case $option in
    --user) user=anna ;;
    --ci) ci=yes ;;
    *) echo "tests/bare/run.sh [--user] [--ci]" >&2; exit 2 ;;
  esac
done

rm -rf build/bare
mkdir -p build/bare
debootstrap --variant=minbase bookworm "$root" >build/bare/debootstrap.log
cp /etc/resolv.conf "$root/etc/resolv.conf"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind /sys "$root/sys"

inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb "$@"; }
inside apt-get -q update >/dev/null
inside env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install git \
  ca-certificates $([ $user = root ] || echo sudo) >/dev/null 2>&1
# Whom this machine trusts: its way to the registries may lead through an authority of its own.
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
home=/root
if [ $user != root ]; then
  home=/home/$user
  inside useradd --create-home --shell /bin/bash $user
  echo "$user ALL=(ALL) NOPASSWD: ALL" >"$root/etc/sudoers.d/$user"
fi
git -c safe.directory='*' clone -q --no-hardlinks . "$root$home/malleposte"
inside chown -R $user: "$home/malleposte"
as_newcomer() {
  inside setpriv --reuid="$user" --regid="$user" --init-groups env HOME="$home" \
    bash -c "cd ~/malleposte && $1"
}

echo "== ./dev run --demo"
as_newcomer './dev run --demo' >build/bare/run.log 2>&1 &
running=$!
until grep -q 'Malleposte is running' build/bare/run.log; do
  kill -0 $running 2>/dev/null || { cat build/bare/run.log; echo "it ended" >&2; exit 1; }
  sleep 1
done
cat build/bare/run.log

echo "== the first mail"
command=$(grep -m1 -oE '^ +swaks .*' build/bare/run.log)
as_newcomer "$command"
until ls "$root$home"/malleposte/var/demo/*.eml >/dev/null 2>&1; do sleep 0.2; done
echo "== at its destination"
cat "$root$home"/malleposte/var/demo/*.eml
echo "== the queue"
command=$(grep -m1 -oE '^ +build/malleposte .*queue list' build/bare/run.log)
as_newcomer "$command"

echo "== the end"
# Ctrl-C's signal is ignored by what a script starts in the background: SIGTERM does the same.
descendants() {
  local child
  for child in $(pgrep --parent "$1"); do
    echo "$child"
    descendants "$child"
  done
}
for process in $(descendants $running); do
  if tr '\0' ' ' <"/proc/$process/cmdline" | grep -q 'tools/run_here'; then
    kill -TERM "$process"
    break
  fi
done
wait $running || { echo "./dev run ended with $?" >&2; exit 1; }
tail -n 3 build/bare/run.log
if [ $ci = yes ]; then
  echo "== .ci/run"
  as_newcomer './.ci/run'
fi
echo "tests/bare: all as the README says"
