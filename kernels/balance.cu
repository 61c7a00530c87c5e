// One scale of the balanced gradient, and in the last pass the mix of its colours. Defined by
// balance.balance; the halvings before it are resample.cu's.
//
// out = M (weight * level + gain * enlarged(coarse)); coarse may be null. partials (may be null)
// gets one partial sum of |out| per block, for magnitude.cu's second level. Bytes per pixel: 24
// (level read, out written) plus 12 times coarse pixels per pixel; the sums cost nothing.
#include "common.cuh"
#include "reduce.cuh"

// Blocks of 32 x 8 pixels of out. out may be level. The matrix M is symmetric: rr, gg, bb on its
// diagonal.
extern "C" __global__ void __launch_bounds__(THREADS) balance(
    float* out, const float* level, const float* __restrict__ coarse, float* __restrict__ partials,
    int height, int width, int coarse_height, int coarse_width, float weight, float gain, float rr,
    float gg, float bb, float rg, float rb, float gb) {
    const int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int y = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
    float magnitude = 0.0f;
    if (x < width && y < height) {
        float sum[PLANES];
        for (int plane = 0; plane < PLANES; plane++) {
            sum[plane] = weight * level[address(plane, y, x, height, width)];
        }
        if (coarse) {
            const Between at_x = between(x, width, coarse_width, 0);
            const Between at_y = between(y, height, coarse_height, 0);
            for (int plane = 0; plane < PLANES; plane++) {
                sum[plane] +=
                    gain * bilinear(coarse, plane, at_y, at_x, coarse_height, coarse_width);
            }
        }
        const float red = rr * sum[0] + rg * sum[1] + rb * sum[2];
        const float green = rg * sum[0] + gg * sum[1] + gb * sum[2];
        const float blue = rb * sum[0] + gb * sum[1] + bb * sum[2];
        out[address(0, y, x, height, width)] = red;
        out[address(1, y, x, height, width)] = green;
        out[address(2, y, x, height, width)] = blue;
        magnitude = fabsf(red) + fabsf(green) + fabsf(blue);
    }
    if (partials) {  // The same for all threads of the block.
        magnitude = block_sum(magnitude);
        if (threadIdx.x == 0 && threadIdx.y == 0) {
            partials[blockIdx.y * gridDim.x + blockIdx.x] = magnitude;
        }
    }
}
