// A flatbuffer of unknown origin: no read leaves it, whatever it says.
#ifndef WAVERNN_TF_C_API_FLATBUFFER_H_
#define WAVERNN_TF_C_API_FLATBUFFER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace wavernn_tf {

// A vector's items: the place of the first and how many there are. All of them
// lie inside.
struct FlatVector {
  uint64_t place = 0;
  uint32_t count = 0;
};

// Tables are named by their place, 0 being none. A read that would leave the
// buffer gives zero and is remembered: ask intact() before results are used.
class Flatbuffer {
 public:
  // `data` stays where it is while this lives.
  Flatbuffer(const uint8_t* data, std::size_t size)
      : data_(data), size_(size) {}

  bool intact() const { return intact_; }

  // Whether the four bytes behind the root's offset are these.
  bool HasIdentifier(const char* identifier) const {
    return size_ >= 8 && std::memcmp(data_ + 4, identifier, 4) == 0;
  }

  uint64_t Root() { return Follow(0); }

  // A number in a field of a table, or `absent`.
  template <typename T>
  T Number(uint64_t table, int field, T absent) {
    const uint64_t place = Field(table, field);
    return place == 0 ? absent : Read<T>(place);
  }

  // A vector, or a string, in a field; empty if it is absent.
  FlatVector Vector(uint64_t table, int field, std::size_t item_bytes) {
    const uint64_t at = Field(table, field);
    const uint64_t place = at == 0 ? 0 : Follow(at);
    if (place == 0) return {};
    const uint32_t count = Read<uint32_t>(place);
    const uint64_t first = place + 4;
    if (!intact_ || count > (size_ - first) / item_bytes) {
      intact_ = false;
      return {};
    }
    return {first, count};
  }
  FlatVector Tables(uint64_t table, int field) {
    return Vector(table, field, sizeof(uint32_t));
  }

  // Table i of a vector of tables; i < count.
  uint64_t Table(const FlatVector& tables, uint32_t i) {
    return Follow(tables.place + uint64_t{4} * i);
  }

  // Number i of a vector of numbers; i < count.
  template <typename T>
  T Item(const FlatVector& items, uint32_t i) {
    return Read<T>(items.place + sizeof(T) * uint64_t{i});
  }

  const uint8_t* Bytes(const FlatVector& bytes) const {
    return data_ + bytes.place;
  }

  bool IsText(const FlatVector& bytes, const char* text) const {
    return bytes.count == std::strlen(text) &&
           std::memcmp(Bytes(bytes), text, bytes.count) == 0;
  }

 private:
  template <typename T>
  T Read(uint64_t place) {
    T value = 0;
    if (place > size_ || size_ - place < sizeof(T)) {
      intact_ = false;
    } else {
      std::memcpy(&value, data_ + place, sizeof(T));
    }
    return value;
  }

  // Where the offset at a place points to.
  uint64_t Follow(uint64_t place) {
    const uint32_t offset = Read<uint32_t>(place);
    if (offset == 0) intact_ = false;
    return offset == 0 ? 0 : place + offset;
  }

  // Where a field of a table lies; 0 if it is absent.
  uint64_t Field(uint64_t table, int field) {
    const int64_t vtable = static_cast<int64_t>(table) - Read<int32_t>(table);
    if (table == 0 || vtable < 0) {
      intact_ = false;
      return 0;
    }
    const auto start = static_cast<uint64_t>(vtable);
    const int slot = 4 + 2 * field;
    if (slot + 2 > Read<uint16_t>(start)) return 0;
    const uint16_t offset = Read<uint16_t>(start + slot);
    return offset == 0 ? 0 : table + offset;
  }

  const uint8_t* const data_;
  const uint64_t size_;
  bool intact_ = true;
};

}  // namespace wavernn_tf

#endif  // WAVERNN_TF_C_API_FLATBUFFER_H_
