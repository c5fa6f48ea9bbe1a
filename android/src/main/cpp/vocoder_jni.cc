// The functions of `Native` in Vocoder.kt over the C API. Sizes are checked
// there; a failing call throws a WaveRNNException.
#include <jni.h>

#include <algorithm>
#include <cstdint>

#include "wavernn.h"

namespace {

wavernn_model* ModelOf(jlong handle) {
  return reinterpret_cast<wavernn_model*>(static_cast<intptr_t>(handle));
}
wavernn_stream* StreamOf(jlong handle) {
  return reinterpret_cast<wavernn_stream*>(static_cast<intptr_t>(handle));
}
template <typename T>
jlong HandleOf(T* pointer) {
  return static_cast<jlong>(reinterpret_cast<intptr_t>(pointer));
}

// Throws unless all went well.
bool Check(JNIEnv* env, wavernn_status status) {
  if (status == WAVERNN_OK) return true;
  jclass type = env->FindClass("wavernn/WaveRNNException");
  if (type == nullptr) return false;  // that is pending, then
  jmethodID make = env->GetMethodID(type, "<init>", "(ILjava/lang/String;)V");
  jstring text = env->NewStringUTF(wavernn_last_error());
  if (make == nullptr || text == nullptr) return false;
  auto thrown = static_cast<jthrowable>(
      env->NewObject(type, make, static_cast<jint>(status), text));
  if (thrown != nullptr) env->Throw(thrown);
  return false;
}

wavernn_draw DrawOf(jlong seed, jfloat temperature, jfloat fine) {
  wavernn_draw draw = WAVERNN_DRAW_INIT;
  draw.seed = static_cast<uint64_t>(seed);
  draw.temperature = temperature;
  draw.fine_temperature = fine;
  return draw;
}

wavernn_options OptionsOf(jboolean postfilter) {
  wavernn_options options = WAVERNN_OPTIONS_INIT;
  options.postfilter = postfilter ? 1 : 0;
  return options;
}

}  // namespace

extern "C" {

JNIEXPORT jlong JNICALL Java_wavernn_Native_loadFile(JNIEnv* env, jclass,
                                                     jstring path,
                                                     jboolean postfilter) {
  const char* text = env->GetStringUTFChars(path, nullptr);
  if (text == nullptr) return 0;
  const wavernn_options options = OptionsOf(postfilter);
  wavernn_model* model = nullptr;
  const wavernn_status status = wavernn_model_load_file(text, &options, &model);
  env->ReleaseStringUTFChars(path, text);
  Check(env, status);
  return HandleOf(model);
}

JNIEXPORT jlong JNICALL Java_wavernn_Native_loadBuffer(JNIEnv* env, jclass,
                                                       jobject buffer,
                                                       jboolean postfilter) {
  const wavernn_options options = OptionsOf(postfilter);
  wavernn_model* model = nullptr;
  const jlong size = env->GetDirectBufferCapacity(buffer);
  Check(env, wavernn_model_load_memory(env->GetDirectBufferAddress(buffer),
                                       size < 0 ? 0 : size, &options, &model));
  return HandleOf(model);
}

JNIEXPORT void JNICALL Java_wavernn_Native_free(JNIEnv*, jclass, jlong model) {
  wavernn_model_free(ModelOf(model));
}

JNIEXPORT jintArray JNICALL Java_wavernn_Native_info(JNIEnv* env, jclass,
                                                     jlong model) {
  wavernn_info info = WAVERNN_INFO_INIT;
  if (!Check(env, wavernn_model_info(ModelOf(model), &info))) return nullptr;
  const jint numbers[] = {info.sample_rate, info.hop_length, info.n_features,
                          info.frames_after};
  jintArray made = env->NewIntArray(4);
  if (made != nullptr) env->SetIntArrayRegion(made, 0, 4, numbers);
  return made;
}

JNIEXPORT void JNICALL Java_wavernn_Native_synthesize(
    JNIEnv* env, jclass, jlong model, jfloatArray features, jint frames,
    jlong seed, jfloat temperature, jfloat fine, jshortArray audio) {
  jfloat* const given = env->GetFloatArrayElements(features, nullptr);
  if (given == nullptr) return;
  jshort* const made = env->GetShortArrayElements(audio, nullptr);
  if (made != nullptr) {
    wavernn_utterance one = WAVERNN_UTTERANCE_INIT;
    one.features = given;
    one.frames = static_cast<uint64_t>(frames);
    one.seed = static_cast<uint64_t>(seed);
    one.temperature = temperature;
    one.fine_temperature = fine;
    one.audio = made;
    const wavernn_status status = wavernn_synthesize(ModelOf(model), &one, 1);
    env->ReleaseShortArrayElements(audio, made, 0);
    Check(env, status);
  }
  env->ReleaseFloatArrayElements(features, given, JNI_ABORT);
}

JNIEXPORT jlong JNICALL Java_wavernn_Native_createStream(
    JNIEnv* env, jclass, jlong model, jlong seed, jfloat temperature,
    jfloat fine, jint capacity) {
  const wavernn_draw draw = DrawOf(seed, temperature, fine);
  wavernn_stream* stream = nullptr;
  Check(env, wavernn_stream_create(ModelOf(model), &draw,
                                   static_cast<size_t>(capacity), &stream));
  return HandleOf(stream);
}

JNIEXPORT void JNICALL Java_wavernn_Native_freeStream(JNIEnv*, jclass,
                                                      jlong stream) {
  wavernn_stream_free(StreamOf(stream));
}

// The arrays are not copied: nothing else of Java's runs in between, and a
// push only copies.
JNIEXPORT jint JNICALL Java_wavernn_Native_push(JNIEnv* env, jclass,
                                                jlong stream,
                                                jfloatArray features,
                                                jint first, jint frames) {
  auto* given =
      static_cast<jfloat*>(env->GetPrimitiveArrayCritical(features, nullptr));
  if (given == nullptr) return 0;
  size_t taken = 0;
  const wavernn_status status = wavernn_stream_push(
      StreamOf(stream), given + first, static_cast<size_t>(frames), &taken);
  env->ReleasePrimitiveArrayCritical(features, given, JNI_ABORT);
  Check(env, status);
  return static_cast<jint>(taken);
}

JNIEXPORT void JNICALL Java_wavernn_Native_flush(JNIEnv* env, jclass,
                                                 jlong stream) {
  Check(env, wavernn_stream_flush(StreamOf(stream)));
}

// Computing takes long: the garbage collector is not kept waiting.
JNIEXPORT jint JNICALL Java_wavernn_Native_pull(JNIEnv* env, jclass,
                                                jlong stream,
                                                jshortArray audio) {
  const auto room = static_cast<size_t>(env->GetArrayLength(audio));
  int16_t piece[512];
  size_t pulled = 0;
  while (pulled < room) {
    size_t count = 0;
    const size_t wanted = std::min(room - pulled, sizeof(piece) / 2);
    if (!Check(env,
               wavernn_stream_pull(StreamOf(stream), piece, wanted, &count))) {
      return 0;
    }
    env->SetShortArrayRegion(audio, static_cast<jsize>(pulled),
                             static_cast<jsize>(count), piece);
    pulled += count;
    if (count < wanted) break;
  }
  return static_cast<jint>(pulled);
}

JNIEXPORT jint JNICALL Java_wavernn_Native_ready(JNIEnv*, jclass,
                                                 jlong stream) {
  return static_cast<jint>(wavernn_stream_ready(StreamOf(stream)));
}

JNIEXPORT void JNICALL Java_wavernn_Native_reset(JNIEnv* env, jclass,
                                                 jlong stream, jlong seed,
                                                 jfloat temperature,
                                                 jfloat fine) {
  const wavernn_draw draw = DrawOf(seed, temperature, fine);
  Check(env, wavernn_stream_reset(StreamOf(stream), &draw));
}

}  // extern "C"
