import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import wavernn.Draw
import wavernn.Vocoder
import wavernn.WaveRNNException

/** Speaks raw float32 features with a voice, whole and streamed; writes both as raw samples. */
fun main(arguments: Array<String>) {
    val (model, features, out) = arguments
    val bytes = File(features).readBytes()
    val numbers = FloatArray(bytes.size / 4)
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(numbers)
    Vocoder.load(model).use { voice ->
        val draw = Draw(seed = -3, temperature = 0.9f)
        val whole = voice.synthesize(numbers, draw)
        write("$out.whole", whole, whole.size)

        val stream = voice.stream(draw, capacity = 3)
        val streamed = ShortArray(whole.size)
        val piece = ShortArray(voice.hopLength + 7)
        var pushed = 0
        var at = 0
        while (at < whole.size) {
            if (pushed < numbers.size / voice.featureCount) {
                pushed += stream.push(numbers, pushed)
                if (pushed == numbers.size / voice.featureCount) stream.flush()
            }
            val count = stream.pull(piece)
            piece.copyInto(streamed, at, 0, count)
            at += count
        }
        check(stream.ready == 0)
        write("$out.streamed", streamed, at)
        println("${voice.sampleRate} ${voice.hopLength} ${voice.featureCount} ${voice.framesAfter}")

        stream.reset(draw)
        numbers[1] = Float.NaN
        println(complaint { stream.push(numbers) })
        stream.close()
        println(complaint { stream.flush() })
    }
    println(complaint { Vocoder.load(features) })
    println(complaint { Vocoder.load(ByteBuffer.allocateDirect(10)) })
}

fun complaint(call: () -> Any): String = try {
    call().toString()
} catch (error: WaveRNNException) {
    "${error.status}: ${error.message}"
} catch (error: IllegalStateException) {
    error.message!!
}

fun write(path: String, audio: ShortArray, count: Int) {
    val bytes = ByteBuffer.allocate(2 * count).order(ByteOrder.LITTLE_ENDIAN)
    bytes.asShortBuffer().put(audio, 0, count)
    File(path).writeBytes(bytes.array())
}
