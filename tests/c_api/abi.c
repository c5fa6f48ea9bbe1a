// Prints what a program that was built against wavernn.h relies on.
#include <stdio.h>

#include "wavernn.h"

#define SIZE(type) printf(#type " %zu\n", sizeof(type))
#define AT(type, member) \
  printf(#type "." #member " %zu\n", offsetof(type, member))

int main(void) {
  SIZE(wavernn_options);
  AT(wavernn_options, postfilter);
  AT(wavernn_options, isa);
  SIZE(wavernn_info);
  AT(wavernn_info, schema);
  AT(wavernn_info, sample_rate);
  AT(wavernn_info, hop_length);
  AT(wavernn_info, n_features);
  AT(wavernn_info, frames_after);
  AT(wavernn_info, state_size);
  AT(wavernn_info, sub_tensors);
  AT(wavernn_info, weights);
  AT(wavernn_info, prediction_order);
  AT(wavernn_info, pitch);
  AT(wavernn_info, mulaw);
  AT(wavernn_info, postfilter);
  AT(wavernn_info, bytes);
  SIZE(wavernn_draw);
  AT(wavernn_draw, temperature);
  AT(wavernn_draw, fine_temperature);
  AT(wavernn_draw, seed);
  SIZE(wavernn_utterance);
  AT(wavernn_utterance, temperature);
  AT(wavernn_utterance, fine_temperature);
  AT(wavernn_utterance, seed);
  AT(wavernn_utterance, features);
  AT(wavernn_utterance, frames);
  AT(wavernn_utterance, audio);
  printf("abi %d\n", WAVERNN_ABI);
  printf("statuses %d %d %d %d %d %d %d\n", WAVERNN_OK, WAVERNN_BAD_ARGUMENT,
         WAVERNN_BAD_FILE, WAVERNN_BAD_MODEL, WAVERNN_NO_MEMORY,
         WAVERNN_BAD_ORDER, WAVERNN_INTERNAL);
  printf("weights %d %d %d %d\n", WAVERNN_FLOAT32, WAVERNN_BFLOAT16,
         WAVERNN_INT8, WAVERNN_INT16);
  printf("pitch %d %d %d\n", WAVERNN_PITCH_OFF, WAVERNN_PITCH_ESTIMATED,
         WAVERNN_PITCH_GIVEN);
  return 0;
}
