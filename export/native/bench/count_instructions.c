// A plugin of qemu's user-mode emulators that counts the guest's instructions
// and prints "instructions N" at its exit:
//   cc -shared -fPIC -o count_instructions.so count_instructions.c
//   qemu-aarch64 -plugin ./count_instructions.so program
// With the argument blocks=on it also prints, of all that ran in a straight
// line, "block ADDRESS N TIMES": N instructions from an address on.
// Distributions seldom package qemu-plugin.h: what is used of it stands here.
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;  // instructions that run one after the other

typedef void (*TranslationCallback)(qemu_plugin_id_t id,
                                    struct qemu_plugin_tb* block);
typedef void (*ExitCallback)(qemu_plugin_id_t id, void* data);

enum { kAdd = 0 };  // QEMU_PLUGIN_INLINE_ADD_U64

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           TranslationCallback callback);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb* block,
                                              int op, void* counter,
                                              uint64_t addend);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, ExitCallback callback,
                                    void* data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* block);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb* block);

#define EXPORT __attribute__((visibility("default")))

EXPORT int qemu_plugin_version = 1;

struct Block {
  uint64_t address;
  uint64_t instructions;
  uint64_t times;  // the guest has one thread
  struct Block* next;
};
static struct Block* blocks = NULL;

static void Translate(qemu_plugin_id_t id, struct qemu_plugin_tb* from) {
  (void)id;
  struct Block* const block = calloc(1, sizeof(*block));
  if (block == NULL) abort();
  block->address = qemu_plugin_tb_vaddr(from);
  block->instructions = qemu_plugin_tb_n_insns(from);
  block->next = blocks;
  blocks = block;
  qemu_plugin_register_vcpu_tb_exec_inline(from, kAdd, &block->times, 1);
}

static void Exit(qemu_plugin_id_t id, void* each) {
  (void)id;
  uint64_t instructions = 0;
  for (const struct Block* b = blocks; b != NULL; b = b->next) {
    instructions += b->instructions * b->times;
    if (each == NULL) continue;
    fprintf(stderr, "block %" PRIx64 " %" PRIu64 " %" PRIu64 "\n", b->address,
            b->instructions, b->times);
  }
  fprintf(stderr, "instructions %" PRIu64 "\n", instructions);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void* info, int argc,
                               char** argv) {
  (void)info;
  void* const each =
      argc == 1 && strcmp(argv[0], "blocks=on") == 0 ? &blocks : NULL;
  qemu_plugin_register_vcpu_tb_trans_cb(id, Translate);
  qemu_plugin_register_atexit_cb(id, Exit, each);
  return 0;
}
