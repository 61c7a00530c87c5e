// One scale of the balanced gradient, and in the last pass the mix of its colours. Defined by
// balance.balance; the halvings before it are resample.cu's.
//
// out = M (weight * level + gain * enlarged(coarse)); coarse may be null. Bytes per pixel: 24
// (level read, out written) plus 12 times coarse pixels per pixel.
#include "common.cuh"

// Blocks of 32 x 8 pixels of out. out may be level. The matrix M is symmetric: rr, gg, bb on its
// diagonal.
extern "C" __global__ void balance(
    float* out, const float* level, const float* __restrict__ coarse, int height, int width,
    int coarse_height, int coarse_width, float weight, float gain, float rr, float gg, float bb,
    float rg, float rb, float gb) {
    const int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int y = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
    if (x >= width || y >= height) return;
    float sum[PLANES];
    for (int plane = 0; plane < PLANES; plane++) {
        sum[plane] = weight * level[address(plane, y, x, height, width)];
    }
    if (coarse) {
        const Between at_x = between(x, width, coarse_width, 0);
        const Between at_y = between(y, height, coarse_height, 0);
        for (int plane = 0; plane < PLANES; plane++) {
            sum[plane] += gain * bilinear(coarse, plane, at_y, at_x, coarse_height, coarse_width);
        }
    }
    const float red = sum[0], green = sum[1], blue = sum[2];
    out[address(0, y, x, height, width)] = rr * red + rg * green + rb * blue;
    out[address(1, y, x, height, width)] = rg * red + gg * green + gb * blue;
    out[address(2, y, x, height, width)] = rb * red + gb * green + bb * blue;
}
