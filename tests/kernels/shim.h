// CUDA's words in C++, so that a kernel's own source runs on the processor, for the tests.
//
// Included before the source. A block's threads are fibers: each runs until the next barrier or its
// end, in an order shuffled anew between two barriers, so that a missing barrier shows. Blocks run
// one after the other. Shared memory starts as NaN in every block. Not imitated: warps, atomics,
// textures, and what the hardware's memory model allows beyond a shuffled order.
#pragma once
#define HOST_SHIM

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <csetjmp>
#include <ucontext.h>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __launch_bounds__(...)
#define __shared__ static __attribute__((section("shared_memory")))
#define __syncthreads() shim::barrier(__LINE__)

using std::isfinite;
using std::max;
using std::min;

struct Index3 {
    unsigned x, y, z;
};
static Index3 threadIdx, blockIdx, blockDim, gridDim;

// So that the section exists, and with it the two symbols the linker makes for its ends.
__attribute__((used)) __shared__ float shim_unused[4];
extern "C" char __start_shared_memory[] __attribute__((visibility("hidden")));
extern "C" char __stop_shared_memory[] __attribute__((visibility("hidden")));

namespace shim {

constexpr size_t STACK = 1 << 16;

// Made once, and used for one thread after the other. Between them and the scheduler it goes by
// jumps: to swap contexts asks the kernel for signal masks each time, which took most of a test.
struct Fiber {
    jmp_buf place;
    std::unique_ptr<char[]> stack;
    Index3 index;
    bool ended;
    int line;  // of the barrier it waits at
};

static jmp_buf scheduler;
static std::vector<Fiber> fibers;
static Fiber* current;
static void (*kernel)(void**);
static void** arguments;
static std::vector<float> dynamic;
static std::string trouble;

// Line of a barrier to leave out, so that a test can see whether it is missed. 0: none.
extern "C" {
inline __attribute__((used)) int shim_left_out = 0;
}

[[maybe_unused]] static void barrier(int line) {
    if (line && line == shim_left_out) return;
    current->line = line;
    if (!_setjmp(current->place)) _longjmp(scheduler, 1);
}

static void body() {
    for (;;) {
        kernel(arguments);
        current->ended = true;
        barrier(0);
    }
}

static void resume(Fiber* fiber) {
    current = fiber;
    threadIdx = fiber->index;
    if (_setjmp(scheduler)) return;
    if (fiber->stack) _longjmp(fiber->place, 1);
    fiber->stack.reset(new char[STACK]);
    static ucontext_t start;
    getcontext(&start);
    start.uc_stack.ss_sp = fiber->stack.get();
    start.uc_stack.ss_size = STACK;
    makecontext(&start, body, 0);
    setcontext(&start);
}

static void run_block(std::mt19937& random) {
    const size_t count = static_cast<size_t>(blockDim.x) * blockDim.y * blockDim.z;
    memset(__start_shared_memory, 0xff, __stop_shared_memory - __start_shared_memory);
    std::fill(dynamic.begin(), dynamic.end(), NAN);
    if (fibers.size() < count) fibers.resize(count);
    std::vector<Fiber*> order;
    for (size_t at = 0; at < count; at++) {
        Fiber& fiber = fibers[at];
        fiber.index = {static_cast<unsigned>(at % blockDim.x),
                       static_cast<unsigned>(at / blockDim.x % blockDim.y),
                       static_cast<unsigned>(at / blockDim.x / blockDim.y)};
        fiber.ended = false;
        order.push_back(&fiber);
    }
    for (size_t ended = 0; ended < count && trouble.empty();) {
        std::shuffle(order.begin(), order.end(), random);
        for (Fiber* fiber : order) resume(fiber);
        ended = 0;
        for (Fiber* fiber : order) {
            ended += fiber->ended;
            if (fiber->ended != order[0]->ended || (!fiber->ended && fiber->line != order[0]->line))
                trouble = "not all threads of a block came to the same barrier";
        }
    }
    if (!trouble.empty()) fibers.clear();  // They stand somewhere in the kernel.
}

template <typename T> struct Code;
template <typename T> struct Code<T*> { static constexpr char value = 'P'; };
template <> struct Code<int> { static constexpr char value = 'i'; };
template <> struct Code<float> { static constexpr char value = 'f'; };
template <> struct Code<long long> { static constexpr char value = 'q'; };

template <typename... Types, size_t... At>
void call(void (*function)(Types...), void** values, std::index_sequence<At...>) {
    function(*static_cast<Types*>(values[At])...);
}

template <typename... Types> void call(void (*function)(Types...), void** values) {
    call(function, values, std::index_sequence_for<Types...>());
}

template <typename... Types> const char* types(void (*)(Types...)) {
    static const char codes[] = {Code<Types>::value..., 0};
    return codes;
}

}  // namespace shim

// What the loader adds below the source for each kernel.
#define SHIM_ENTRY(name)                                                       \
    extern "C" void shim_call_##name(void** values) { shim::call(name, values); } \
    extern "C" const char* shim_types_##name() { return shim::types(name); }

// Runs a grid to its end. Returns null, or what was wrong with the kernel.
extern "C" inline __attribute__((used)) const char* shim_launch(
    void (*kernel)(void**), void** arguments, const unsigned* grid, const unsigned* block,
    unsigned shared, unsigned seed) {
    std::mt19937 random(seed);
    shim::kernel = kernel;
    shim::arguments = arguments;
    shim::trouble.clear();
    shim::dynamic.assign((shared + 3) / 4, NAN);
    // Exactly as long as was asked for, so that NaN guards what lies behind.
    gridDim = {grid[0], grid[1], grid[2]};
    blockDim = {block[0], block[1], block[2]};
    for (blockIdx.z = 0; blockIdx.z < gridDim.z; blockIdx.z++)
        for (blockIdx.y = 0; blockIdx.y < gridDim.y; blockIdx.y++)
            for (blockIdx.x = 0; blockIdx.x < gridDim.x; blockIdx.x++) {
                shim::run_block(random);
                if (!shim::trouble.empty()) return shim::trouble.c_str();
            }
    return nullptr;
}

static inline float* dynamic_shared() { return shim::dynamic.data(); }
