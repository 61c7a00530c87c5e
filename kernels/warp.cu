// The old dream carried along the motion of the picture. Defined by warp.warp.
//
// flow and keep may be smaller than the residual: they are enlarged here, by pixel centres, and the
// flow scaled with them, so that the host never makes or uploads them at full size. base (may be
// null) is added: the picture the next step starts from. Bytes per pixel: 24 (12 read, 12 written)
// plus 12 with base, plus 12 times flow pixels per pixel.
#include "common.cuh"

// Share of the cubic interpolation, the rest is linear. See warp.py.
inline constexpr float CUBIC = 2.0f / 3.0f;

// Blocks of 32 x 8 pixels. flow: [2, flow_height, flow_width], in its own pixels. out may be base.
extern "C" __global__ void warp(
    float* out, const float* base, const float* __restrict__ residual,
    const float* __restrict__ flow, const float* __restrict__ keep, int height, int width,
    int flow_height, int flow_width, int keep_height, int keep_width) {
    const int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int y = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
    if (x >= width || y >= height) return;

    Between at_y = between(y, height, flow_height, 0), at_x = between(x, width, flow_width, 0);
    const float motion_x = bilinear(flow, 0, at_y, at_x, flow_height, flow_width);
    const float motion_y = bilinear(flow, 1, at_y, at_x, flow_height, flow_width);
    at_y = between(y, height, keep_height, 0);
    at_x = between(x, width, keep_width, 0);
    const float kept = bilinear(keep, 0, at_y, at_x, keep_height, keep_width);

    const float scale_x = static_cast<float>(width) / static_cast<float>(flow_width);
    const float scale_y = static_cast<float>(height) / static_cast<float>(flow_height);
    const Around columns = around(static_cast<float>(x) + motion_x * scale_x, width, CUBIC);
    const Around rows = around(static_cast<float>(y) + motion_y * scale_y, height, CUBIC);
    for (int plane = 0; plane < PLANES; plane++) {
        float value = 0.0f;
        for (int row = 0; row < 4; row++) {
            float line = 0.0f;
            for (int column = 0; column < 4; column++) {
                line += columns.weight[column] *
                        residual[address(plane, rows.place[row], columns.place[column], height,
                                         width)];
            }
            value += rows.weight[row] * line;
        }
        const size_t at = address(plane, y, x, height, width);
        out[at] = base ? base[at] + kept * value : kept * value;
    }
}
