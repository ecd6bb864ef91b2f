#!/bin/sh
# What only the tests need from Debian: SIPp, a browser, PostgreSQL, a Chinese font for screenshots.
# Without root or sudo nothing is installed; the tests that need a missing one are then skipped, and
# the run says so in one list.
set -u
wanted=""
command -v sipp >/dev/null 2>&1 || wanted="$wanted sip-tester"
command -v chromium >/dev/null 2>&1 || wanted="$wanted chromium"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || wanted="$wanted postgresql"
ls /usr/share/fonts/truetype/wqy >/dev/null 2>&1 || wanted="$wanted fonts-wqy-zenhei"
[ -n "$wanted" ] || exit 0

if [ "$(id -u)" = 0 ]; then as_root=""
elif sudo -n true 2>/dev/null; then as_root="sudo -n"
else
  echo "not root and no sudo: tests that need these are skipped:$wanted"
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# One by one: a package that cannot be had must not cost the others.
for package in $wanted; do
  $as_root apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
    echo "could not be installed: $package (its tests are skipped)"
done
exit 0
