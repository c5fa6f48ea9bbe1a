// An array aligned to 64 bytes (one cache line, one AVX-512 register).
#ifndef WAVERNN_TF_BASE_ALIGNED_ARRAY_H_
#define WAVERNN_TF_BASE_ALIGNED_ARRAY_H_

#include <cstddef>
#include <cstring>
#include <new>
#include <utility>

namespace wavernn_tf {

// T is a plain number.
template <typename T>
class AlignedArray {
 public:
  static constexpr std::size_t kAlignment = 64;

  AlignedArray() = default;
  ~AlignedArray() { Release(); }
  AlignedArray(const AlignedArray&) = delete;
  AlignedArray& operator=(const AlignedArray&) = delete;
  AlignedArray(AlignedArray&& other) noexcept { *this = std::move(other); }
  AlignedArray& operator=(AlignedArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  // Holds `count` zeros afterwards. Returns false when memory runs out.
  bool Resize(std::size_t count) {
    Release();
    const std::size_t bytes = (count ? count : 1) * sizeof(T);
    void* memory =
        ::operator new(bytes, std::align_val_t{kAlignment}, std::nothrow);
    if (memory == nullptr) return false;
    std::memset(memory, 0, bytes);
    data_ = static_cast<T*>(memory);
    size_ = count;
    return true;
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }

 private:
  void Release() {
    ::operator delete(data_, std::align_val_t{kAlignment});
    data_ = nullptr;
    size_ = 0;
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_BASE_ALIGNED_ARRAY_H_
