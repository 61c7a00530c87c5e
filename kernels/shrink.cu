// A picture as small as a grid: the mean of the codes in each cell. Defined by shrink.shrink.
//
// Bytes per pixel: 3 read; 3 written per cell.
#include "common.cuh"
#include "area.cuh"

// Blocks of 32 x 8 cells. out: [rows, columns, 3].
extern "C" __global__ void shrink(
    unsigned char* __restrict__ out, const unsigned char* __restrict__ bgr, int height, int width,
    int rows, int columns) {
    const int column = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int row = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
    if (row >= rows || column >= columns) return;
    const Span down = span(row, height, rows), across = span(column, width, columns);
    float sums[PLANES] = {};
    for (int y = down.first; y < down.first + down.count; y++) {
        for (int x = across.first; x < across.first + across.count; x++) {
            const float weight = share(down, y, rows) * share(across, x, columns);
            const size_t pixel = (static_cast<size_t>(y) * width + x) * PLANES;
            for (int at = 0; at < PLANES; at++) sums[at] += weight * bgr[pixel + at];
        }
    }
    const float whole = pixels_of_a_cell(height, width, rows, columns);
    const size_t cell = (static_cast<size_t>(row) * columns + column) * PLANES;
    for (int at = 0; at < PLANES; at++) {
        out[cell + at] = static_cast<unsigned char>(rintf(fminf(sums[at] / whole, 255.0f)));
    }
}
