#include "tflite/shared_engine.h"

#include <iterator>
#include <map>
#include <mutex>

namespace wavernn_tf {
namespace {

// Its own lock, so that nobody waits for the engine of another model.
struct Entry {
  std::mutex making;
  std::weak_ptr<Engine> engine;
};

using Entries = std::map<ConstantsKey, std::shared_ptr<Entry>>;

void RemoveUnused(Entries& entries) {
  for (auto it = entries.begin(); it != entries.end();) {
    const Entry& entry = *it->second;
    const bool unused = it->second.use_count() == 1 && entry.engine.expired();
    it = unused ? entries.erase(it) : std::next(it);
  }
}

std::shared_ptr<Entry> EntryOf(const ConstantsKey& key) {
  // Never destroyed: ops may outlive what ends with the process.
  static std::mutex& lock = *new std::mutex;
  static Entries& entries = *new Entries;
  const std::lock_guard<std::mutex> guard(lock);
  RemoveUnused(entries);
  std::shared_ptr<Entry>& entry = entries[key];
  if (entry == nullptr) entry = std::make_shared<Entry>();
  return entry;
}

}  // namespace

ConstantsKey KeyOf(const std::vector<const TfLiteTensor*>& tensors) {
  ConstantsKey key;
  for (const TfLiteTensor* tensor : tensors) {
    key.push_back(reinterpret_cast<std::uintptr_t>(tensor->data.data));
    key.push_back(static_cast<std::uintptr_t>(tensor->type));
    key.push_back(static_cast<std::uintptr_t>(tensor->dims->size));
    for (int i = 0; i < tensor->dims->size; ++i) {
      key.push_back(static_cast<std::uintptr_t>(tensor->dims->data[i]));
    }
  }
  return key;
}

std::shared_ptr<Engine> ShareEngine(const ConstantsKey& constants,
                                    const Model& model,
                                    const KernelTable& kernels) {
  ConstantsKey key = constants;
  key.push_back(reinterpret_cast<std::uintptr_t>(&kernels));
  const std::shared_ptr<Entry> entry = EntryOf(key);
  const std::lock_guard<std::mutex> guard(entry->making);
  std::shared_ptr<Engine> engine = entry->engine.lock();
  if (engine != nullptr) return engine;
  engine = std::make_shared<Engine>();
  if (!engine->Build(model, kernels)) return nullptr;
  entry->engine = engine;
  return engine;
}

}  // namespace wavernn_tf
