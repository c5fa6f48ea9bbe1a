// A plugin of qemu's user-mode emulators that counts the guest's instructions
// and prints "instructions N" at its exit:
//   cc -shared -fPIC -o count_instructions.so count_instructions.c
//   qemu-aarch64 -plugin ./count_instructions.so program
// Distributions seldom package qemu-plugin.h: what is used of it stands here.
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;  // instructions that run one after the other

typedef void (*TranslationCallback)(qemu_plugin_id_t id,
                                    struct qemu_plugin_tb* block);
typedef void (*ExecutionCallback)(unsigned vcpu, void* data);
typedef void (*ExitCallback)(qemu_plugin_id_t id, void* data);

enum { kNoRegisters = 0 };  // QEMU_PLUGIN_CB_NO_REGS

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           TranslationCallback callback);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb* block,
                                          ExecutionCallback callback, int flags,
                                          void* data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, ExitCallback callback,
                                    void* data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* block);

#define EXPORT __attribute__((visibility("default")))

EXPORT int qemu_plugin_version = 1;

static uint64_t instructions = 0;  // the guest has one thread

static void Execute(unsigned vcpu, void* data) {
  (void)vcpu;
  instructions += (uintptr_t)data;
}

static void Translate(qemu_plugin_id_t id, struct qemu_plugin_tb* block) {
  (void)id;
  qemu_plugin_register_vcpu_tb_exec_cb(
      block, Execute, kNoRegisters,
      (void*)(uintptr_t)qemu_plugin_tb_n_insns(block));
}

static void Exit(qemu_plugin_id_t id, void* data) {
  (void)id;
  (void)data;
  fprintf(stderr, "instructions %" PRIu64 "\n", instructions);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void* info, int argc,
                               char** argv) {
  (void)info;
  (void)argc;
  (void)argv;
  qemu_plugin_register_vcpu_tb_trans_cb(id, Translate);
  qemu_plugin_register_atexit_cb(id, Exit, NULL);
  return 0;
}
