#!/bin/sh
# Encodes each NAME.txtpb here with protoc into NAME.hex: bytes that no code of ours has made.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
protos=$(cd "$root" && find proto Tests/Protos -name '*.proto' | sed 's,^proto/,,;s,^Tests/Protos/,,')
for text in "$here"/*.txtpb; do
  type=$(sed -n 's/^# proto-message: //p' "$text")
  # A list of words: names of proto files hold no blanks.
  # shellcheck disable=SC2086
  protoc --proto_path="$root/proto" --proto_path="$root/Tests/Protos" --encode="$type" \
    $protos <"$text" | od -An -v -tx1 | tr -d ' ' >"${text%.txtpb}.hex"
done
