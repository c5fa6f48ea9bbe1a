// swift-tools-version:5.7
// The C API as a Swift package. CWaveRNN is the xcframework that `ios/build_xcframework.sh` makes.
import PackageDescription

let package = Package(
    name: "WaveRNN",
    platforms: [.iOS(.v13), .macOS(.v11)],
    products: [.library(name: "WaveRNN", targets: ["WaveRNN"])],
    targets: [
        .binaryTarget(name: "CWaveRNN", path: "CWaveRNN.xcframework"),
        .target(
            name: "WaveRNN", dependencies: ["CWaveRNN"],
            linkerSettings: [.linkedLibrary("c++")]),
    ]
)
