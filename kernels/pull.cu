// What draws a dream back: gradient + mean|gradient| * (less variation, and less at all). Defined by
// pull.pull; the mean comes from magnitude.cu.
//
// Bytes per pixel: 36 (gradient and residual read, out written; the residual's neighbours come from
// the caches), with the mean 48.
#include "common.cuh"

// As in pull.py.
constexpr float SMOOTH = 1e-3f;

// The difference to the neighbour below, and to the one on the right, over the length of both.
__device__ __forceinline__ void rise(
    const float* residual, int plane, int y, int x, int height, int width, float* down,
    float* right) {
    const float here = residual[address(plane, y, x, height, width)];
    const int below = y + 1 < height ? y + 1 : 0, beside = x + 1 < width ? x + 1 : 0;
    *down = residual[address(plane, below, x, height, width)] - here;
    *right = residual[address(plane, y, beside, height, width)] - here;
    const float length = sqrtf(*down * *down + *right * *right + SMOOTH * SMOOTH);
    *down /= length;
    *right /= length;
}

// Blocks of 32 x 8 pixels. dx in 0..width-1, dy in 0..height-1: how far the gradient is shifted, and
// the residual is not. out may be gradient.
extern "C" __global__ void pull(
    float* out, const float* gradient, const float* __restrict__ residual,
    const float* __restrict__ mean, float tv, float l2, int height, int width, int dx, int dy) {
    const int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int y = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
    if (x >= width || y >= height) return;
    const int from_x = shifted(x, width, dx), from_y = shifted(y, height, dy);
    const int above = from_y > 0 ? from_y - 1 : height - 1;
    const int left = from_x > 0 ? from_x - 1 : width - 1;
    for (int plane = 0; plane < PLANES; plane++) {
        float slope = -2.0f * l2 * residual[address(plane, from_y, from_x, height, width)];
        if (tv != 0.0f) {
            float down, right, before, other;
            rise(residual, plane, from_y, from_x, height, width, &down, &right);
            float less = down + right;
            rise(residual, plane, above, from_x, height, width, &before, &other);
            less -= before;
            rise(residual, plane, from_y, left, height, width, &other, &before);
            less -= before;
            slope += tv * less;
        }
        const size_t at = address(plane, y, x, height, width);
        out[at] = gradient[at] + *mean * slope;
    }
}
