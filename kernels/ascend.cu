// image + step * gradient / mean|gradient|, clipped to 0..1 and shifted back, in one pass. Defined
// by ascend.ascend; the mean comes from magnitude.cu.
//
// Bytes per pixel: 36 (image and gradient read, image written), with the mean 48; a mean taken by
// `blur` on its way costs nothing here.
#include "common.cuh"

// Blocks of 32 x 8 pixels. dx in 0..width-1, dy in 0..height-1: the shift *back*. image and gradient
// are as the network saw them; out may be neither.
extern "C" __global__ void ascend(
    float* __restrict__ out, const float* __restrict__ image, const float* __restrict__ gradient,
    const float* __restrict__ mean, float step, int height, int width, int dx, int dy) {
    const int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int y = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
    if (x >= width || y >= height) return;
    // A dead gradient (0) or a broken one (not finite) leaves the image.
    const float magnitude = *mean;
    const bool alive = magnitude > 0.0f && isfinite(magnitude);
    const float scale = alive ? step / magnitude : 0.0f;
    const int from_x = shifted(x, width, dx), from_y = shifted(y, height, dy);
    for (int plane = 0; plane < PLANES; plane++) {
        const size_t from = address(plane, from_y, from_x, height, width);
        const float value = alive ? image[from] + scale * gradient[from] : image[from];
        out[address(plane, y, x, height, width)] = clamp01(value);
    }
}
