// The draw of sampler.h in plain words: what its kernels are held to.
#ifndef WAVERNN_TF_TESTS_HELPERS_DRAW_H_
#define WAVERNN_TF_TESTS_HELPERS_DRAW_H_

#include <algorithm>

#include "kernels/sampler.h"
#include "tests/helpers/random_model.h"

namespace wavernn_tf {

// The running sums of the first half of the values, then those of the second
// half, each on top of the first half's last.
inline Floats RunningSums(const Floats& values) {
  if (values.size() == 1) return values;
  const auto middle = values.begin() + values.size() / 2;
  Floats sums = RunningSums(Floats(values.begin(), middle));
  const float before = sums.back();
  for (float sum : RunningSums(Floats(middle, values.end()))) {
    sums.push_back(before + sum);
  }
  return sums;
}

// 16 where rounding leaves none.
struct Place {
  int group;
  int inside;
};

inline Place PlaceOf(const Floats& weights, const Floats& totals,
                     float uniform) {
  const Floats ends = RunningSums(totals);
  const float threshold = uniform * ends.back();
  const auto up_to = [&](float sum) { return !(sum > threshold); };
  const auto count = [&](const Floats& sums) {
    return static_cast<int>(std::count_if(sums.begin(), sums.end(), up_to));
  };
  const int group = count(ends);
  if (group == kClassGroups) return {group, kClassGroups};
  const auto begin = weights.begin() + 16 * group;
  Floats sums = RunningSums(Floats(begin, begin + 16));
  for (float& sum : sums) sum += group == 0 ? 0.0f : ends[group - 1];
  return {group, count(sums)};
}

inline int ClassOf(const Floats& weights, Place place) {
  if (place.group == kClassGroups || place.inside == kClassGroups) {
    return LastPositive(weights.data(), place.group);
  }
  return 16 * place.group + place.inside;
}

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_TESTS_HELPERS_DRAW_H_
