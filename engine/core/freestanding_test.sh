#!/bin/sh
# Links objects into one and fails if it needs any symbol but memcpy, memmove, memcmp and memset.
#
# Usage: freestanding_test.sh LD NM OUTPUT.o OBJECT...
set -eu
ld=$1
nm=$2
output=$3
shift 3
"$ld" -r -o "$output" "$@"
# What is defined weakly more than once (inline functions) is defined: only `U` and `w` are asked of others.
needed=$("$nm" --undefined-only "$output" | sed 's/.* //' | sort -u)
for symbol in $needed; do
  case $symbol in
    memcpy | memmove | memcmp | memset) ;;
    *)
      echo "the kernel needs $symbol, which a driver does not have" >&2
      failed=1
      ;;
  esac
done
[ -n "$needed" ] || { echo "nothing was linked" >&2; exit 1; }
[ -z "${failed:-}" ]
