#!/usr/bin/env bash
# Says why a control plane cannot be built or run on this machine; nothing if it can.
for program in go openssl curl setsid; do
  command -v "$program" >/dev/null || { echo "\`$program\` is missing"; exit 1; }
done
