// Octave up and down: bilinear, by pixel centres or by corners. Defined by resample.resample.
//
// out = base + resample(source - other); other and base may be null. The octave loop's "carry only
// the detail up" is then one pass. Bytes per pixel of `out`: 12 written, plus 12 for base, plus 12
// times source pixels per output pixel for source and as much for other. Unfused, the same took 36
// more per output pixel and 36 per source pixel.
#include "common.cuh"

// Blocks of 32 x 8 pixels of out. out may be base.
extern "C" __global__ void resample(
    float* out, const float* base, const float* __restrict__ source,
    const float* __restrict__ other, int height, int width, int source_height, int source_width,
    int corners) {
    const int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int y = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
    if (x >= width || y >= height) return;
    const Between from_x = between(x, width, source_width, corners);
    const Between from_y = between(y, height, source_height, corners);
    for (int plane = 0; plane < PLANES; plane++) {
        const size_t at = address(plane, y, x, height, width);
        float value = bilinear(source, plane, from_y, from_x, source_height, source_width);
        if (other) value -= bilinear(other, plane, from_y, from_x, source_height, source_width);
        out[at] = base ? base[at] + value : value;
    }
}
