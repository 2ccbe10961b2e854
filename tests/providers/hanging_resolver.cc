// SPDX-License-Identifier: Apache-2.0
#include "tests/providers/hanging_resolver.h"

#include <dlfcn.h>
#include <netdb.h>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "broker/mutex.h"

namespace tokenbroker {
namespace {

struct State {
  Mutex mutex;
  CondVar changed;
  bool hangs ABSL_GUARDED_BY(mutex) = false;
};

State& TheState() {
  static auto* const state = new State;
  return *state;
}

void SetHangs(bool hangs) {
  State& state = TheState();
  MutexLock lock(&state.mutex);
  state.hangs = hangs;
  state.changed.SignalAll();
}

void AwaitEnd() {
  State& state = TheState();
  MutexLock lock(&state.mutex);
  while (state.hangs) state.changed.Wait(&state.mutex);
}

}  // namespace

HangingResolver::HangingResolver() { SetHangs(true); }
HangingResolver::~HangingResolver() { SetHangs(false); }

}  // namespace tokenbroker

// In the place of the C library's, for every library of this process.
extern "C" int getaddrinfo(const char* node, const char* service,
                           const addrinfo* hints, addrinfo** result) {
  using tokenbroker::HangingResolver;
  if (node != nullptr && absl::string_view(node) == HangingResolver::kHost) {
    tokenbroker::AwaitEnd();
    return EAI_NONAME;
  }
  static auto* const next =
      reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return next(node, service, hints, result);
}
