import AVFoundation
import WaveRNN

/// Speaks features through AVAudioEngine: its render thread pulls what it needs.
final class Speaker {
    private let engine = AVAudioEngine()
    private let stream: VocoderStream
    private var piece = [Int16](repeating: 0, count: 4096)
    /// Render calls that found too little audio.
    private(set) var underruns = 0

    /// `features` are frame after frame, all of which the stream must hold.
    init(_ voice: Vocoder, features: [Float], draw: Draw = Draw()) throws {
        stream = try voice.stream(draw, capacity: features.count / voice.featureCount)
        _ = try features.withUnsafeBufferPointer { try stream.push($0) }
        try stream.flush()
        let format = AVAudioFormat(
            standardFormatWithSampleRate: Double(voice.sampleRate), channels: 1)!
        let source = AVAudioSourceNode(format: format) { [unowned self] silence, _, count, list in
            let out = UnsafeMutableAudioBufferListPointer(list)[0].mData!
                .assumingMemoryBound(to: Float.self)
            let wanted = min(Int(count), self.piece.count)
            let got = self.piece.withUnsafeMutableBufferPointer {
                (try? self.stream.pull(UnsafeMutableBufferPointer(rebasing: $0[..<wanted]))) ?? 0
            }
            if got < wanted && self.stream.ready > 0 { self.underruns += 1 }
            for i in 0..<Int(count) { out[i] = i < got ? Float(self.piece[i]) / 32768 : 0 }
            silence.pointee = ObjCBool(got == 0)
            return noErr
        }
        engine.attach(source)
        engine.connect(source, to: engine.mainMixerNode, format: format)
    }

    func start() throws { try engine.start() }

    func stop() { engine.stop() }
}
