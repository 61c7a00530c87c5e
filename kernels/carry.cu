// A residual in bytes where it belongs in a later picture. Defined by carry.carry.
//
// flow and keep are enlarged here, by pixel centres, so that the host never makes or uploads them at
// the residual's size. Bytes per pixel of `out`: 3 written, plus 3 times residual pixels, 8 times
// flow pixels and 4 times keep pixels per pixel.
#include "common.cuh"

// Blocks of 32 x 8 pixels of out. residual, out: [height, width, 3]. flow: [2, flow_height,
// flow_width], in its own pixels; null is no motion. out may be neither.
extern "C" __global__ void carry(
    unsigned char* __restrict__ out, const unsigned char* __restrict__ residual,
    const float* __restrict__ flow, const float* __restrict__ keep, int height, int width,
    int source_height, int source_width, int flow_height, int flow_width, int keep_height,
    int keep_width) {
    const int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int y = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
    if (x >= width || y >= height) return;

    Between at_y = between(y, height, keep_height, 0), at_x = between(x, width, keep_width, 0);
    const float kept = bilinear(keep, 0, at_y, at_x, keep_height, keep_width);

    const float wide = static_cast<float>(source_width), high = static_cast<float>(source_height);
    float from_x = (static_cast<float>(x) + 0.5f) * (wide / static_cast<float>(width)) - 0.5f;
    float from_y = (static_cast<float>(y) + 0.5f) * (high / static_cast<float>(height)) - 0.5f;
    if (flow) {
        at_y = between(y, height, flow_height, 0);
        at_x = between(x, width, flow_width, 0);
        from_x += bilinear(flow, 0, at_y, at_x, flow_height, flow_width) *
                  (wide / static_cast<float>(flow_width));
        from_y += bilinear(flow, 1, at_y, at_x, flow_height, flow_width) *
                  (high / static_cast<float>(flow_height));
    }
    float values[PLANES];
    bicubic(residual, around(from_y, source_height, 1.0f), around(from_x, source_width, 1.0f),
            source_width, values);
    const size_t at = address(0, y, x, height, width) * PLANES;
    for (int plane = 0; plane < PLANES; plane++) {
        out[at + plane] = as_byte(NONE + kept * (values[plane] - NONE));
    }
}
