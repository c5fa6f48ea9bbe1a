#!/usr/bin/env bash
# Builds ios/CWaveRNN.xcframework: the static library for devices, simulators and macOS. It needs a
# Mac with Xcode and CMake.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

headers=build/apple/headers
mkdir -p "$headers"
cp export/native/c_api/wavernn.h "$headers"
cat > "$headers/module.modulemap" <<'MAP'
module CWaveRNN {
  header "wavernn.h"
  export *
}
MAP

arguments=()
for platform in iphoneos:iOS:arm64 iphonesimulator:iOS:arm64 macosx:Darwin:arm64; do
  IFS=: read -r sdk system arch <<< "$platform"
  folder=build/apple/$sdk
  cmake -S export/native -B "$folder" -DCMAKE_SYSTEM_NAME="$system" -DCMAKE_OSX_SYSROOT="$sdk" \
    -DCMAKE_OSX_ARCHITECTURES="$arch" -DCMAKE_BUILD_TYPE=Release -DWAVERNN_TF_C_API=ON \
    -DWAVERNN_TF_SMALL=ON
  cmake --build "$folder" --target wavernn_static --parallel
  arguments+=(-library "$folder/c_api/libwavernn.a" -headers "$headers")
done
rm -rf ios/CWaveRNN.xcframework
xcodebuild -create-xcframework "${arguments[@]}" -output ios/CWaveRNN.xcframework
