// Runs CUDA kernels on the CPU, for tests: include this, then the unmodified .cu file.
//
// The threads of a block are fibers on one processor, run in turn from barrier to barrier; blocks
// run one after another. Besides wrong results, this detects:
//
// - a missing barrier: the order of the threads is reversed at every barrier, so that a thread that
//   needs another one to have run first runs before it every other time;
// - a barrier that not all threads of a block reach, or different barriers: `launch` returns a
//   message;
// - shared memory read before it is written: it is filled with NaN before each block (not under the
//   address sanitizer, which needs the space between variables);
// - everything that the address and undefined-behaviour sanitizers detect.
//
// It cannot detect races between blocks, races between two barriers that do not depend on the
// order, errors of memory ordering or of warp intrinsics (there are none here), limits of a device,
// and it says nothing about time.

#ifndef SPARSE_OT_TESTS_CUDA_ON_CPU_HPP
#define SPARSE_OT_TESTS_CUDA_ON_CPU_HPP

#include <ucontext.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

inline dim3 threadIdx, blockIdx, blockDim, gridDim;

using std::fabs;
using std::fma;
using std::pow;
using std::sqrt;

#define __global__
#define __device__
#define __host__
#define __launch_bounds__(...)
#ifdef __SANITIZE_ADDRESS__
#define __shared__ static
#else
#define __shared__ static __attribute__((section("cuda_shared")))
#endif
#define __syncthreads() cuda_on_cpu::Block::current->wait(__LINE__)

extern "C" {
// Set by the linker to the ends of the section, if it exists.
extern char __start_cuda_shared[] __attribute__((weak, visibility("hidden")));
extern char __stop_cuda_shared[] __attribute__((weak, visibility("hidden")));
}

namespace cuda_on_cpu {

inline constexpr int kFinished = -1;
inline constexpr std::size_t kStackBytes = 256 * 1024;

/// One block's threads, as fibers.
class Block {
public:
    static inline Block* current = nullptr;

    explicit Block(unsigned size)
        : fibers_(size), stacks_(new char[size * kStackBytes]), place_(size) {}

    /// Run `body` in every thread. Returns a message if they disagree about a barrier, else null.
    const char* run(void (*body)(void*), void* argument) {
        body_ = body;
        argument_ = argument;
        current = this;
        const unsigned size = static_cast<unsigned>(fibers_.size());
        for (unsigned thread = 0; thread < size; ++thread) prepare(thread);
        for (bool forward = true;; forward = !forward) {
            for (unsigned turn = 0; turn < size; ++turn) {
                running_ = forward ? turn : size - 1 - turn;
                threadIdx = dim3(running_);
                swapcontext(&scheduler_, &fibers_[running_]);
            }
            for (unsigned thread = 1; thread < size; ++thread) {
                if (place_[thread] != place_[0]) {
                    return "the threads of a block disagree about a barrier";
                }
            }
            if (place_[0] == kFinished) return nullptr;
        }
    }

    /// Yield the processor until all threads of the block have reached this line.
    void wait(int line) { leave(line); }

private:
    void prepare(unsigned thread) {
        ucontext_t& fiber = fibers_[thread];
        getcontext(&fiber);
        fiber.uc_stack.ss_sp = stacks_.get() + thread * kStackBytes;
        fiber.uc_stack.ss_size = kStackBytes;
        fiber.uc_link = nullptr;
        makecontext(&fiber, &Block::enter, 0);
    }

    static void enter() {
        current->body_(current->argument_);
        current->leave(kFinished);
    }

    void leave(int place) {
        place_[running_] = place;
        swapcontext(&fibers_[running_], &scheduler_);
    }

    std::vector<ucontext_t> fibers_;
    std::unique_ptr<char[]> stacks_;
    std::vector<int> place_;  // the line of the barrier where a thread waits, or kFinished
    ucontext_t scheduler_;
    unsigned running_ = 0;
    void (*body_)(void*) = nullptr;
    void* argument_ = nullptr;
};

inline void spoil_shared_memory() {
#ifndef __SANITIZE_ADDRESS__
    if (__start_cuda_shared) {
        std::memset(__start_cuda_shared, 0xff,
                    static_cast<std::size_t>(__stop_cuda_shared - __start_cuda_shared));
    }
#endif
}

/// Run `body()` in every thread of every block. Returns a message on an error, else null.
template <class Body>
const char* for_each_thread(dim3 grid, dim3 block, Body body) {
    gridDim = grid;
    blockDim = block;
    Block fibers(block.x);
    for (unsigned y = 0; y < grid.y; ++y) {
        for (unsigned x = 0; x < grid.x; ++x) {
            blockIdx = dim3(x, y);
            spoil_shared_memory();
            const char* wrong = fibers.run([](void* it) { (*static_cast<Body*>(it))(); }, &body);
            if (wrong) return wrong;
        }
    }
    return nullptr;
}

/// kernel<<<grid, block>>>(arguments...)
template <class... Parameters>
const char* launch(void (*kernel)(Parameters...), dim3 grid, dim3 block,
                   std::common_type_t<Parameters>... arguments) {
    return for_each_thread(grid, block, [&] { kernel(arguments...); });
}

/// The same with the addresses of the arguments in an array, as the driver takes them.
template <class... Parameters, std::size_t... index>
const char* launch_packed(void (*kernel)(Parameters...), dim3 grid, dim3 block, void** arguments,
                          std::index_sequence<index...>) {
    return for_each_thread(grid, block,
                           [&] { kernel(*static_cast<Parameters*>(arguments[index])...); });
}

/// A parameter as a letter and a size: i8 for long long, f4 for float, *f4 for a pointer to it.
template <class Parameter>
std::string describe() {
    if constexpr (std::is_pointer_v<Parameter>) {
        return "*" + describe<std::remove_cv_t<std::remove_pointer_t<Parameter>>>();
    } else {
        return (std::is_floating_point_v<Parameter> ? "f" : "i") +
               std::to_string(sizeof(Parameter));
    }
}

/// All parameters of a kernel, separated by blanks.
template <class... Parameters>
std::string signature(void (*)(Parameters...)) {
    std::string words;
    ((words += describe<Parameters>() + " "), ...);
    return words;
}

template <class... Parameters>
auto parameters_of(void (*)(Parameters...)) {
    return std::index_sequence_for<Parameters...>();
}

}  // namespace cuda_on_cpu

/// Make a kernel callable from Python: its signature, and a launch.
#define CUDA_ON_CPU_EXPORT(kernel)                                                                 \
    extern "C" const char* signature_of_##kernel() {                                               \
        static const std::string words = cuda_on_cpu::signature(&kernel);                          \
        return words.c_str();                                                                      \
    }                                                                                              \
    extern "C" const char* launch_##kernel(unsigned grid_x, unsigned grid_y, unsigned block_x,     \
                                           void** arguments) {                                     \
        return cuda_on_cpu::launch_packed(&kernel, dim3(grid_x, grid_y), dim3(block_x), arguments, \
                                          cuda_on_cpu::parameters_of(&kernel));                    \
    }

#endif
