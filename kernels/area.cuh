// Averages over cells that need not be whole pixels, nor larger than one.
#pragma once

// The pixels that a cell reaches into, and its edges, of which `cells` make one pixel.
struct Span {
    int first, count, begin, end;
};

__device__ __forceinline__ Span span(int cell, int pixels, int cells) {
    const int begin = cell * pixels, end = begin + pixels, first = begin / cells;
    return {first, (end - 1) / cells + 1 - first, begin, end};
}

// The share of a pixel that lies in the cell.
__device__ __forceinline__ float share(const Span& cell, int pixel, int cells) {
    const int inside = min(cell.end, (pixel + 1) * cells) - max(cell.begin, pixel * cells);
    return static_cast<float>(inside) / static_cast<float>(cells);
}

__device__ __forceinline__ float pixels_of_a_cell(int height, int width, int rows, int columns) {
    return static_cast<float>(height) / static_cast<float>(rows) *
           (static_cast<float>(width) / static_cast<float>(columns));
}
