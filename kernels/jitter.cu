// Shift on the torus into the network's input layout and precision. Defined by jitter.jitter.
//
// Bytes per pixel: 24 (12 read, 12 written) to float, 18 to half; a fractional shift reads four
// neighbours, of which three come from the cache.
#include "common.cuh"

template <typename T>
__device__ __forceinline__ void shift(
    T* __restrict__ out, const float* __restrict__ image, int height, int width,
    int dx, int dy, float part_x, float part_y) {
    const int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int y = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
    if (x >= width || y >= height) return;
    const Between from_x = shifted(x, width, dx, part_x);
    const Between from_y = shifted(y, height, dy, part_y);
    const bool whole = part_x == 0.0f && part_y == 0.0f;
    for (int plane = 0; plane < PLANES; plane++) {
        const float value =
            whole ? image[address(plane, from_y.first, from_x.first, height, width)]
                  : bilinear(image, plane, from_y, from_x, height, width);
        store(out, address(plane, y, x, height, width), value);
    }
}

// Blocks of 32 x 8 pixels. dx in 0..width-1 and dy in 0..height-1 are the whole pixels of the
// shift, part_x and part_y the rest, 0..1.
extern "C" __global__ void jitter_f32(
    float* __restrict__ out, const float* __restrict__ image, int height, int width,
    int dx, int dy, float part_x, float part_y) {
    shift(out, image, height, width, dx, dy, part_x, part_y);
}

extern "C" __global__ void jitter_f16(
    Half* __restrict__ out, const float* __restrict__ image, int height, int width,
    int dx, int dy, float part_x, float part_y) {
    shift(out, image, height, width, dx, dy, part_x, part_y);
}
