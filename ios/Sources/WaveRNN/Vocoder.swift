import CWaveRNN
import Foundation

/// A call failed: the status is that of wavernn.h, the message says what was expected.
public struct WaveRNNError: Error, CustomStringConvertible {
    public let status: Int32
    public let description: String
}

func check(_ status: wavernn_status) throws {
    if status == WAVERNN_OK { return }
    throw WaveRNNError(status: status, description: String(cString: wavernn_last_error()))
}

/// How samples are drawn; equal draws and features give equal samples.
public struct Draw {
    public var seed: UInt64
    public var temperature: Float
    public var fineTemperature: Float

    public init(seed: UInt64 = 0, temperature: Float = 1, fineTemperature: Float = 1) {
        self.seed = seed
        self.temperature = temperature
        self.fineTemperature = fineTemperature
    }

    var c: wavernn_draw {
        var draw = wavernn_draw()
        draw.size = UInt32(MemoryLayout<wavernn_draw>.size)
        draw.seed = seed
        draw.temperature = temperature
        draw.fine_temperature = fineTemperature
        return draw
    }
}

/// A voice: features in, 16-bit audio out. Any number of threads may use one.
public final class Vocoder {
    let handle: OpaquePointer
    public let sampleRate: Int
    public let hopLength: Int
    public let featureCount: Int
    /// Frames that the audio lags behind the features.
    public let framesAfter: Int

    public init(path: String, postfilter: Bool = true) throws {
        var options = wavernn_options()
        options.size = UInt32(MemoryLayout<wavernn_options>.size)
        options.postfilter = postfilter ? 1 : 0
        var loaded: OpaquePointer?
        try check(wavernn_model_load_file(path, &options, &loaded))
        handle = loaded!
        var info = wavernn_info()
        info.size = UInt32(MemoryLayout<wavernn_info>.size)
        wavernn_model_info(handle, &info)
        sampleRate = Int(info.sample_rate)
        hopLength = Int(info.hop_length)
        featureCount = Int(info.n_features)
        framesAfter = Int(info.frames_after)
    }

    deinit { wavernn_model_free(handle) }

    /// A stream that holds `capacity` frames that wait; 0 stands for 64.
    public func stream(_ draw: Draw = Draw(), capacity: Int = 0) throws -> VocoderStream {
        try VocoderStream(self, draw, capacity)
    }
}

/// One utterance under way, for one thread at a time.
public final class VocoderStream {
    private let handle: OpaquePointer
    private let featureCount: Int

    init(_ voice: Vocoder, _ draw: Draw, _ capacity: Int) throws {
        var how = draw.c
        var made: OpaquePointer?
        try check(wavernn_stream_create(voice.handle, &how, capacity, &made))
        handle = made!
        featureCount = voice.featureCount
    }

    deinit { wavernn_stream_free(handle) }

    /// Takes the first frames, as many as fit, and returns how many.
    public func push(_ features: UnsafeBufferPointer<Float>) throws -> Int {
        var taken = 0
        try check(
            wavernn_stream_push(
                handle, features.baseAddress, features.count / featureCount, &taken))
        return taken
    }

    /// No more features come.
    public func flush() throws { try check(wavernn_stream_flush(handle)) }

    /// Fills `audio` as far as the features go and returns the number of samples. It allocates
    /// nothing and takes no lock.
    public func pull(_ audio: UnsafeMutableBufferPointer<Int16>) throws -> Int {
        var written = 0
        try check(wavernn_stream_pull(handle, audio.baseAddress, audio.count, &written))
        return written
    }

    /// Samples that can be pulled now.
    public var ready: Int { wavernn_stream_ready(handle) }

    /// Starts another utterance.
    public func reset(_ draw: Draw) throws {
        var how = draw.c
        try check(wavernn_stream_reset(handle, &how))
    }
}
