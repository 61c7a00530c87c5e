// What flashes are measured by: luminance and redness of a picture, averaged over cells. Defined by
// meter.meter.
//
// Cells need not be whole pixels, nor larger than one. No atomics, so the same picture gives the
// same bits. Bytes per pixel: 3 read; 8 written per cell.
#include "common.cuh"
#include "area.cuh"

inline constexpr int CODES = 256;
inline constexpr int LANES = 8;  // threads that share a cell
inline constexpr int CELLS = CODES / LANES;  // of a block

// The code of a byte as light, IEC 61966-2-1.
__device__ __forceinline__ float light_of(int code) {
    const float value = static_cast<float>(code) / 255.0f;
    return value <= 0.04045f ? value / 12.92f : powf((value + 0.055f) / 1.055f, 2.4f);
}

// Blocks of 8 x 32 threads, each of 32 cells side by side. out: [2, rows, columns].
extern "C" __global__ void __launch_bounds__(CODES) meter(
    float* __restrict__ out, const unsigned char* __restrict__ bgr, int height, int width, int rows,
    int columns) {
    __shared__ float light[CODES];
    __shared__ float luminance[CODES];
    __shared__ float redness[CODES];
    const int lane = static_cast<int>(threadIdx.x);
    const int thread = static_cast<int>(threadIdx.y) * LANES + lane;
    light[thread] = light_of(thread);
    __syncthreads();
    const int row = static_cast<int>(blockIdx.y);
    const int column = static_cast<int>(blockIdx.x * CELLS + threadIdx.y);
    float bright = 0.0f, red = 0.0f;
    if (column < columns) {
        const Span down = span(row, height, rows), across = span(column, width, columns);
        for (int at = lane; at < down.count * across.count; at += LANES) {
            const int y = down.first + at / across.count, x = across.first + at % across.count;
            const unsigned char* pixel = bgr + (static_cast<size_t>(y) * width + x) * PLANES;
            const float b = light[pixel[0]], g = light[pixel[1]], r = light[pixel[2]];
            const float weight = share(down, y, rows) * share(across, x, columns);
            bright += weight * (0.0722f * b + 0.7152f * g + 0.2126f * r);
            red += weight * fmaxf(r - g - b, 0.0f);
        }
    }
    luminance[thread] = bright;
    redness[thread] = red;
    __syncthreads();
    if (lane > 0 || column >= columns) return;
    for (int other = thread + 1; other < thread + LANES; other++) {
        bright += luminance[other];
        red += redness[other];
    }
    const float whole = pixels_of_a_cell(height, width, rows, columns);
    const size_t cell = static_cast<size_t>(row) * columns + column;
    out[cell] = bright / whole;
    out[cell + static_cast<size_t>(rows) * columns] = red / whole;
}
