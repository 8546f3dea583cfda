#!/bin/sh
# Writes everything that is generated from proto/: the C of protoc-c, the Swift and the C glue of
# protoc-gen-integration-swift, and the descriptor set that later contracts are compared with.
#
#   Tools/generate.sh                        writes it
#   Tools/generate.sh --check                writes nothing; shows a diff and fails when it is stale
#   Tools/generate.sh --accept-incompatible  writes it although old peers will misread the new form
#
# Needs protoc (protobuf-compiler), protoc-c (protobuf-c-compiler) and a Swift toolchain. Everything
# is made in a folder of its own first: when a step fails, the work tree is as it was.
# CONTRACT_TOOLS names a folder with the two programs of this package; without it they are built.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
mode=${1-}
case "$mode" in
  "" | --check | --accept-incompatible) ;;
  *)
    echo "usage: Tools/generate.sh [--check | --accept-incompatible]" >&2
    exit 64
    ;;
esac

for tool in protoc protoc-c swift; do
  command -v "$tool" >/dev/null || {
    echo "generate: $tool is missing (Debian: protobuf-compiler, protobuf-c-compiler)" >&2
    exit 69
  }
done

binaries=${CONTRACT_TOOLS-}
if [ -z "$binaries" ]; then
  for product in protoc-gen-integration-swift check-compatibility; do
    swift build --quiet --package-path "$root/Tools" --product "$product" >&2
  done
  binaries=$(swift build --package-path "$root/Tools" --show-bin-path)
fi

# On the file system of the work tree, so that finished folders are moved into place, not copied.
mkdir -p "$root/Tools/.build"
made=$(mktemp -d "$root/Tools/.build/generate.XXXXXX")
trap 'rm -rf "$made"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The folders and the file that hold nothing but generated things.
generated="
  Sources/CIntegrationProto
  Sources/ProtobufC/Generated
  Sources/TTRPC/Generated
  Sources/IntegrationAPI/Generated
  Tests/CFixtures
  Tests/Fixtures/Generated
  proto/descriptors.binpb
"

# generate FOLDER C_TARGET LAYOUT: what the proto files of FOLDER become.
generate() (
  cd "$root/$1"
  # A list of words: names of proto files hold no blanks.
  protos=$(find . -name '*.proto' | sed 's,^\./,,' | LC_ALL=C sort)
  mkdir -p "$made/$2/include"
  # shellcheck disable=SC2086
  protoc-c --proto_path=. --proto_path="$root/proto" --c_out="$made/$2" $protos
  (cd "$made/$2" && find . -name '*.pb-c.h') | while read -r header; do
    mkdir -p "$made/$2/include/$(dirname "$header")"
    mv "$made/$2/$header" "$made/$2/include/$header"
  done
  # shellcheck disable=SC2086
  protoc --proto_path=. --proto_path="$root/proto" \
    --plugin="$binaries/protoc-gen-integration-swift" \
    --integration-swift_out="$made" --integration-swift_opt="$3" $protos
)

generate proto Sources/CIntegrationProto integrationd
generate Tests/Protos Tests/CFixtures fixtures

# swift format loses its way outside of its current folder.
(
  cd "$made"
  swift format --in-place --parallel --recursive \
    --configuration '{"version": 1, "lineLength": 100, "indentation": {"spaces": 2}}' .
)

mkdir -p "$made/proto"
(
  cd "$root/proto"
  # shellcheck disable=SC2046
  protoc --proto_path=. --include_imports --descriptor_set_out="$made/proto/descriptors.binpb" \
    $(find . -name '*.proto' | sed 's,^\./,,' | LC_ALL=C sort)
)

# What was committed last is what peers may be built with.
if git -C "$root" cat-file -e HEAD:proto/descriptors.binpb 2>/dev/null; then
  git -C "$root" show HEAD:proto/descriptors.binpb >"$made/committed.binpb"
  if ! "$binaries/check-compatibility" "$made/committed.binpb" "$made/proto/descriptors.binpb"; then
    [ "$mode" = --accept-incompatible ] || exit 1
  fi
fi

if [ "$mode" = --check ]; then
  stale=false
  for path in $generated; do
    (cd "$root" && diff -ruN "$path" "$made/$path") || stale=true
  done
  if $stale; then
    echo "generate: generated code is stale: run make generate and commit what it changes" >&2
    exit 1
  fi
  exit 0
fi

mkdir "$made/old"
for path in $generated; do
  mkdir -p "$root/$(dirname "$path")" "$made/old/$(dirname "$path")"
  if [ -e "$root/$path" ]; then mv "$root/$path" "$made/old/$path"; fi
  mv "$made/$path" "$root/$path"
done
