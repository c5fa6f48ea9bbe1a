// From 256 logits to a class, or to the likelihood of one.
#ifndef WAVERNN_TF_KERNELS_SAMPLER_H_
#define WAVERNN_TF_KERNELS_SAMPLER_H_

namespace wavernn_tf {

constexpr int kClasses = 256;

// weights[k] = exp((logits[k] - max) / temperature), all float32, temperature
// > 0. weights may be logits.
void SoftmaxWeightsScalar(const float* logits, float temperature,
                          float* weights);

// The first class whose running sum exceeds uniform * total; the running sum
// is float32, k ascending, and its last value is the total. If rounding leaves
// none, the last class with a positive weight. Always in [0, 255].
int DrawClass(const float* weights, float uniform);

// The first class with the highest logit: temperature 0.
int ArgMax(const float* logits);

// Natural logarithm of the softmax probability of `label`, in [0, 255].
float LogProbability(const float* logits, int label);

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_SAMPLER_H_
