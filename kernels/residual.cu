// What a dream added to its picture, and two of them as one. Defined by residual.residual and
// residual.blend.
//
// Bytes per pixel: residual 18 (3 of the dream, 12 of the base, 3 written), blend 9 (3 of each, 3
// written).
#include "common.cuh"

// Blocks of 256 pixels. dream, out: [height, width, 3] BGR. base: planar RGB in 0..1. out may be
// dream.
extern "C" __global__ void residual(
    unsigned char* out, const unsigned char* dream, const float* __restrict__ base, int pixels) {
    const int at = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (at >= pixels) return;
    const size_t size = static_cast<size_t>(pixels), byte = static_cast<size_t>(at) * PLANES;
    for (int plane = 0; plane < PLANES; plane++) {
        const float level = 255.0f * base[(PLANES - 1 - plane) * size + at];
        out[byte + plane] = as_byte(static_cast<float>(dream[byte + plane]) - level + NONE);
    }
}

// Blocks of 256 pixels. out may be either.
extern "C" __global__ void blend(
    unsigned char* out, const unsigned char* one, const unsigned char* other, float share,
    int pixels) {
    const int at = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (at >= pixels) return;
    const size_t byte = static_cast<size_t>(at) * PLANES;
    const float rest = 1.0f - share;
    for (size_t place = byte; place < byte + PLANES; place++) {
        out[place] = as_byte(static_cast<float>(one[place]) * rest +
                             static_cast<float>(other[place]) * share);
    }
}
