// From 256 logits to a class, or to the likelihood of one.
#ifndef WAVERNN_TF_KERNELS_SAMPLER_H_
#define WAVERNN_TF_KERNELS_SAMPLER_H_

namespace wavernn_tf {

constexpr int kClasses = 256;
constexpr int kClassGroups = 16;  // of 16 classes each

// weights[k] = exp((logits[k] - max) * scale), with NegativeExp of
// vector_math.h, and the totals of classes 16 g .. 16 g + 15, summed as
// Totals of vector_scalar.h does. All float32. weights may be logits. Natural
// alignment, no over-read.
struct SoftmaxParams {
  const float* logits;  // [256]
  float scale;          // > 0, finite: one over the temperature
  float* weights;       // [256]
  float* totals;        // [16]
};

// A draw from them: the first class whose running sum exceeds
// threshold = uniform * total. With the running sums of 16 values that Prefix
// of vector_scalar.h makes, all float32,
//   end[g] = the totals', total = end[15]
//   group = how many end[g] do not exceed the threshold
//   inside = how many end[group - 1] + (the running sums of that group's
//            weights) do not, with end[-1] = 0
// the class is 16 group + inside. If rounding leaves none, as group or inside
// is 16, it is LastPositive(weights, group). Always in [0, 255], and never one
// of weight 0 while another has more.
struct DrawParams {
  const float* weights;  // [256]
  const float* totals;   // [16]
  float uniform;         // in [0, 1)
};

// A batch of 16 streams: logits [256, 16] become weights, whose draws fall into
// group [16] and inside [16]. With the medians, where the draws with uniform
// 1/2 fall too.
struct BatchDrawParams {
  float* logits;         // [256, 16] 64-byte aligned
  const float* scale;    // [16] > 0
  const float* uniform;  // [16]
  float* group;          // [16]
  float* inside;         // [16]
  float* median_group;   // [16], of draw_median_batch alone
  float* median_inside;  // [16], the same
};

// One over a temperature > 0, kept finite.
float InverseTemperature(float temperature);

// The last class of a group, or for group 16 of all, with a positive weight;
// the group's first if it has none.
int LastPositive(const float* weights, int group);

// The first class with the highest logit: temperature 0.
int ArgMax(const float* logits);

// Natural logarithm of the softmax probability of a class: its logit, the
// highest logit, and the totals at scale 1.
float LogProbability(float logit, float highest, const float* totals);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_SAMPLER_H_
