// Shift on the torus, to where the network reads. Defined by jitter.jitter.
//
// Bytes per pixel: 24 (12 read, 12 written).
#include "common.cuh"

// Blocks of 32 x 8 pixels. dx in 0..width-1, dy in 0..height-1. out may not be image.
extern "C" __global__ void jitter(
    float* __restrict__ out, const float* __restrict__ image, int height, int width, int dx,
    int dy) {
    const int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int y = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
    if (x >= width || y >= height) return;
    const int from_x = shifted(x, width, dx), from_y = shifted(y, height, dy);
    for (int plane = 0; plane < PLANES; plane++) {
        out[address(plane, y, x, height, width)] =
            image[address(plane, from_y, from_x, height, width)];
    }
}
