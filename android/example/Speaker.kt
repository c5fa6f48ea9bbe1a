package wavernn.example

import android.media.AudioAttributes
import android.media.AudioFormat
import android.media.AudioTrack
import wavernn.Draw
import wavernn.Vocoder

/** Speaks features in real time: audio is computed frame by frame while it plays. */
class Speaker(private val voice: Vocoder) {
    /** Plays [features], frame after frame; call it on a thread of its own. */
    fun speak(features: FloatArray, draw: Draw = Draw()) {
        val track = AudioTrack.Builder()
            .setAudioAttributes(
                AudioAttributes.Builder()
                    .setUsage(AudioAttributes.USAGE_ASSISTANT)
                    .setContentType(AudioAttributes.CONTENT_TYPE_SPEECH)
                    .build()
            )
            .setAudioFormat(
                AudioFormat.Builder()
                    .setEncoding(AudioFormat.ENCODING_PCM_16BIT)
                    .setSampleRate(voice.sampleRate)
                    .setChannelMask(AudioFormat.CHANNEL_OUT_MONO)
                    .build()
            )
            .setBufferSizeInBytes(voice.sampleRate / 5 * 2) // 200 ms
            .build()
        track.play()
        val audio = ShortArray(voice.hopLength)
        val frames = features.size / voice.featureCount
        voice.stream(draw).use { stream ->
            var pushed = 0
            while (true) {
                if (pushed < frames) {
                    pushed += stream.push(features, pushed)
                    if (pushed == frames) stream.flush()
                }
                val count = stream.pull(audio)
                if (count == 0) break
                track.write(audio, 0, count) // waits until there is room
            }
        }
        track.stop()
        track.release()
    }
}
