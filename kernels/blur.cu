// Separable Gaussian with the edge repeated. Defined by blur.blur.
//
// A block of 32 x 8 threads makes a tile of 32 x 32. It takes the rows of the tile and its halo
// eight at a time into a strip, smooths them along x into `rows`, then along y from there. The
// weights are made anew in every block: cheaper than a table to keep in step with sigma.
// Bytes per pixel: 24 (12 read, 12 written); halos come from the caches. The mean |result| that the
// ascent needs is taken on the way.
#include "common.cuh"
#include "reduce.cuh"

constexpr int TILE = 32;
constexpr int ROWS = 8;

// One grid plane (z) per image plane. Dynamic shared memory, in floats: weights 2 * radius + 1,
// strip ROWS * (TILE + 2 * radius), rows TILE * (TILE + 2 * radius). partials: null, or one sum of
// |result| per block.
extern "C" __global__ void __launch_bounds__(THREADS) blur(
    float* __restrict__ out, const float* __restrict__ gradient, float* __restrict__ partials,
    int height, int width, float sigma, int radius) {
    DYNAMIC_SHARED(shared);
    const int taps = 2 * radius + 1;
    const int length = TILE + 2 * radius;
    float* weights = shared;
    float* strip = weights + taps;
    float* rows = strip + ROWS * length;

    const int column = static_cast<int>(threadIdx.x), lane = static_cast<int>(threadIdx.y);
    const int left = static_cast<int>(blockIdx.x) * TILE, top = static_cast<int>(blockIdx.y) * TILE;
    const int plane = static_cast<int>(blockIdx.z);

    for (int tap = lane * TILE + column; tap < taps; tap += TILE * ROWS) {
        const float offset = static_cast<float>(tap - radius) / sigma;
        weights[tap] = expf(-0.5f * offset * offset);
    }
    __syncthreads();
    float total = 0.0f;
    for (int tap = 0; tap < taps; tap++) total += weights[tap];

    for (int first = 0; first < length; first += ROWS) {
        const int row = first + lane;
        const int y = min(max(top - radius + row, 0), height - 1);
        for (int at = column; at < length; at += TILE) {
            const int x = min(max(left - radius + at, 0), width - 1);
            strip[lane * length + at] = gradient[address(plane, y, x, height, width)];
        }
        __syncthreads();
        if (row < length) {
            float sum = 0.0f;
            for (int tap = 0; tap < taps; tap++) {
                sum += weights[tap] * strip[lane * length + column + tap];
            }
            rows[row * TILE + column] = sum;
        }
        __syncthreads();
    }

    const float norm = 1.0f / (total * total);
    float magnitude = 0.0f;
    for (int part = 0; part < TILE / ROWS; part++) {
        const int x = left + column, y = top + part * ROWS + lane;
        float sum = 0.0f;
        for (int tap = 0; tap < taps; tap++) {
            sum += weights[tap] * rows[(part * ROWS + lane + tap) * TILE + column];
        }
        if (x < width && y < height) {
            out[address(plane, y, x, height, width)] = sum * norm;
            magnitude += fabsf(sum * norm);
        }
    }
    if (partials) {
        magnitude = block_sum(magnitude);
        if (lane == 0 && column == 0) {
            partials[(blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x] = magnitude;
        }
    }
}
