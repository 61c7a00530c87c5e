// The picture, pulled toward the one shown before, in bytes. Defined by hold.hold.
//
// The weights are those of cells: they are enlarged here. All in whole numbers, so that 0 and 255
// give one of the two to the bit. Bytes per pixel: 9 (6 read, 3 written).
#include "common.cuh"

inline constexpr int STEPS = 256;  // of the way from one weight to the next

// Of 255, rounded: never half way, so there is one nearest.
__device__ __forceinline__ int part(int value, int weight) {
    return (value * weight + 127) / 255;
}

// Blocks of 32 x 8 pixels. weights: [weights_height, weights_width]. out may be bgr or before.
extern "C" __global__ void hold(
    unsigned char* out, const unsigned char* bgr, const unsigned char* before,
    const unsigned char* __restrict__ weights, int height, int width, int weights_height,
    int weights_width) {
    const int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int y = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
    if (x >= width || y >= height) return;
    const Between down = between(y, height, weights_height, 0);
    const Between across = between(x, width, weights_width, 0);
    const int lower = static_cast<int>(rintf(down.weight * STEPS));
    const int right = static_cast<int>(rintf(across.weight * STEPS));
    const unsigned char* first = weights + static_cast<size_t>(down.first) * weights_width;
    const unsigned char* second = weights + static_cast<size_t>(down.second) * weights_width;
    const int above = first[across.first] * (STEPS - right) + first[across.second] * right;
    const int below = second[across.first] * (STEPS - right) + second[across.second] * right;
    const int whole = STEPS * STEPS;
    const int weight = (above * (STEPS - lower) + below * lower + whole / 2) / whole;
    const size_t pixel = (static_cast<size_t>(y) * width + x) * PLANES;
    for (size_t at = pixel; at < pixel + PLANES; at++) {
        out[at] = static_cast<unsigned char>(part(before[at], weight) + part(bgr[at], 255 - weight));
    }
}
