// Where to dream. Defined by mask.mask.
//
// The weights may be smaller than the values: they are enlarged here, so that the host never makes
// or uploads them at full size. Bytes per pixel: 24 (12 read, 12 written), plus 4 times weights per
// pixel.
#include "common.cuh"

// Blocks of 32 x 8 pixels. weights: [weights_height, weights_width]. dx in 0..width-1, dy in
// 0..height-1. out may be values.
extern "C" __global__ void mask(
    float* out, const float* values, const float* __restrict__ weights, int height, int width,
    int weights_height, int weights_width, int dx, int dy) {
    const int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int y = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
    if (x >= width || y >= height) return;
    const Between at_y = between(shifted(y, height, dy), height, weights_height, 0);
    const Between at_x = between(shifted(x, width, dx), width, weights_width, 0);
    const float weight = bilinear(weights, 0, at_y, at_x, weights_height, weights_width);
    for (int plane = 0; plane < PLANES; plane++) {
        const size_t at = address(plane, y, x, height, width);
        out[at] = values[at] * weight;
    }
}
