package wavernn

import java.io.Closeable
import java.nio.ByteBuffer

/** A call failed: [status] is that of wavernn.h, the message says what was expected. */
class WaveRNNException(val status: Int, message: String) : RuntimeException(message)

/** How samples are drawn; equal draws and features give equal samples. */
class Draw(
    val seed: Long = 0,
    val temperature: Float = 1f,
    val fineTemperature: Float = 1f
)

/**
 * A voice: features in, 16-bit audio out.
 *
 * Any number of threads may use one. [close] frees it; streams that are open go on.
 */
class Vocoder private constructor(private var handle: Long) : Closeable {
    private val numbers = Native.info(handle)

    /** In Hz. */
    val sampleRate: Int get() = numbers[0]

    /** Samples per frame. */
    val hopLength: Int get() = numbers[1]

    /** Floats per frame. */
    val featureCount: Int get() = numbers[2]

    /** Frames that the audio lags behind the features. */
    val framesAfter: Int get() = numbers[3]

    /** Speaks a whole utterance: [features] are frame after frame. */
    fun synthesize(features: FloatArray, draw: Draw = Draw()): ShortArray {
        require(features.isNotEmpty() && features.size % featureCount == 0) {
            "expected frames of $featureCount features; got ${features.size} numbers"
        }
        val audio = ShortArray(features.size / featureCount * hopLength)
        Native.synthesize(
            open(), features, features.size / featureCount, draw.seed, draw.temperature,
            draw.fineTemperature, audio
        )
        return audio
    }

    /** A stream that holds [capacity] frames that wait; 0 stands for 64. */
    fun stream(draw: Draw = Draw(), capacity: Int = 0): Stream = Stream(
        Native.createStream(open(), draw.seed, draw.temperature, draw.fineTemperature, capacity),
        featureCount
    )

    private fun open(): Long {
        check(handle != 0L) { "the voice is closed" }
        return handle
    }

    override fun close() {
        val closing = handle
        handle = 0
        Native.free(closing)
    }

    companion object {
        /** Loads a .tflite file. [postfilter] false leaves out the one that a voice may have. */
        @JvmStatic
        @JvmOverloads
        fun load(path: String, postfilter: Boolean = true): Vocoder =
            Vocoder(Native.loadFile(path, postfilter))

        /** Loads a direct buffer's contents, of an asset say, which are copied. */
        @JvmStatic
        @JvmOverloads
        fun load(model: ByteBuffer, postfilter: Boolean = true): Vocoder {
            require(model.isDirect) { "expected a direct buffer" }
            return Vocoder(Native.loadBuffer(model.slice(), postfilter))
        }
    }
}

/** One utterance under way, for one thread at a time. Nothing allocates but [Vocoder.stream]. */
class Stream internal constructor(private var handle: Long, private val featureCount: Int) :
    Closeable {

    /** Takes frames from frame [first] of [features] on, as many as fit; returns how many. */
    @JvmOverloads
    fun push(features: FloatArray, first: Int = 0): Int {
        val frames = features.size / featureCount
        require(first in 0..frames && features.size % featureCount == 0) {
            "expected frames of $featureCount features and a first one among them"
        }
        return Native.push(open(), features, first * featureCount, frames - first)
    }

    /** No more features come. */
    fun flush() = Native.flush(open())

    /** Fills [audio] as far as the features go; returns the number of samples. */
    fun pull(audio: ShortArray): Int = Native.pull(open(), audio)

    /** Samples that can be pulled now. */
    val ready: Int get() = Native.ready(open())

    /** Starts another utterance. */
    fun reset(draw: Draw) =
        Native.reset(open(), draw.seed, draw.temperature, draw.fineTemperature)

    private fun open(): Long {
        check(handle != 0L) { "the stream is closed" }
        return handle
    }

    override fun close() {
        val closing = handle
        handle = 0
        Native.freeStream(closing)
    }
}

/** The functions of vocoder_jni.cc; handles are pointers. */
internal object Native {
    init {
        System.loadLibrary("wavernn_jni")
    }

    @JvmStatic external fun loadFile(path: String, postfilter: Boolean): Long

    @JvmStatic external fun loadBuffer(model: ByteBuffer, postfilter: Boolean): Long

    @JvmStatic external fun free(model: Long)

    @JvmStatic external fun info(model: Long): IntArray

    @JvmStatic external fun synthesize(
        model: Long,
        features: FloatArray,
        frames: Int,
        seed: Long,
        temperature: Float,
        fineTemperature: Float,
        audio: ShortArray
    )

    @JvmStatic external fun createStream(
        model: Long,
        seed: Long,
        temperature: Float,
        fineTemperature: Float,
        capacity: Int
    ): Long

    @JvmStatic external fun freeStream(stream: Long)

    @JvmStatic external fun push(stream: Long, features: FloatArray, first: Int, frames: Int): Int

    @JvmStatic external fun flush(stream: Long)

    @JvmStatic external fun pull(stream: Long, audio: ShortArray): Int

    @JvmStatic external fun ready(stream: Long): Int

    @JvmStatic external fun reset(
        stream: Long,
        seed: Long,
        temperature: Float,
        fineTemperature: Float
    )
}
