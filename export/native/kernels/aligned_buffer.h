// A float array aligned to 64 bytes (one cache line, one AVX-512 register).
#ifndef WAVERNN_TF_KERNELS_ALIGNED_BUFFER_H_
#define WAVERNN_TF_KERNELS_ALIGNED_BUFFER_H_

#include <cstddef>
#include <cstring>
#include <new>

namespace wavernn_tf {

class AlignedBuffer {
 public:
  static constexpr std::size_t kAlignment = 64;

  AlignedBuffer() = default;
  ~AlignedBuffer() { Release(); }
  AlignedBuffer(const AlignedBuffer&) = delete;
  AlignedBuffer& operator=(const AlignedBuffer&) = delete;

  // Holds `count` zeros afterwards. Returns false when memory runs out.
  bool Resize(std::size_t count) {
    Release();
    const std::size_t bytes = (count ? count : 1) * sizeof(float);
    void* memory =
        ::operator new(bytes, std::align_val_t{kAlignment}, std::nothrow);
    if (memory == nullptr) return false;
    std::memset(memory, 0, bytes);
    data_ = static_cast<float*>(memory);
    return true;
  }

  float* data() { return data_; }
  const float* data() const { return data_; }

 private:
  void Release() {
    ::operator delete(data_, std::align_val_t{kAlignment});
    data_ = nullptr;
  }

  float* data_ = nullptr;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_KERNELS_ALIGNED_BUFFER_H_
