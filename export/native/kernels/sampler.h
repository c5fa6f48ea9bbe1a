// From 256 logits to a class, or to the likelihood of one.
#ifndef WAVERNN_TF_KERNELS_SAMPLER_H_
#define WAVERNN_TF_KERNELS_SAMPLER_H_

namespace wavernn_tf {

constexpr int kClasses = 256;
constexpr int kClassGroups = 16;  // of 16 classes each

// weights[k] = exp((logits[k] - max) * scale), with NegativeExp of
// vector_math.h, and the totals of classes 16 g .. 16 g + 15, summed as
// Sum of vector_scalar.h does. All float32. weights may be logits. Natural
// alignment, no over-read.
struct SoftmaxParams {
  const float* logits;  // [256]
  float scale;          // > 0, finite: one over the temperature
  float* weights;       // [256]
  float* totals;        // [16]
};

// 16 streams abreast: logits [256, 16] become the same weights. group [16] and
// inside [16] say where the draw of DrawClass below falls: into class
// 16 * group + inside, unless one of them is 16.
struct BatchDrawParams {
  float* logits;         // [256, 16] 64-byte aligned
  const float* scale;    // [16] > 0
  const float* uniform;  // [16]
  float* group;          // [16]
  float* inside;         // [16]
};

// One over a temperature > 0, kept finite.
float InverseTemperature(float temperature);

// The first class whose running sum exceeds uniform * total. The running sum
// is float32: the groups' totals, g ascending, and from there on the weights
// of one group, k ascending; the total is the sum of all totals. If rounding
// leaves none, the last class, of the group or of all, with a positive weight.
// Always in [0, 255].
int DrawClass(const float* weights, const float* totals, float uniform);

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
