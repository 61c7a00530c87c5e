// mean of |values|, left on the device: the first part of ascend.ascend and of limit.limit. Defined
// by magnitude.magnitude.
//
// Two levels: each block sums its share and writes one partial sum, then one block sums those. No
// atomics, so the same input gives the same bits. Bytes per pixel: 12 read (a difference of two
// images: 24), plus the partial sums.
#include "common.cuh"
#include "reduce.cuh"

extern "C" __global__ void __launch_bounds__(THREADS) magnitude(
    float* __restrict__ partials, const float* __restrict__ values, long long count) {
    const long long step = static_cast<long long>(gridDim.x) * THREADS;
    float sum = 0.0f;
    for (long long at = static_cast<long long>(blockIdx.x) * THREADS + threadIdx.x; at < count;
         at += step) {
        sum += fabsf(values[at]);
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) partials[blockIdx.x] = sum;
}

// The same of image - base, which is not written anywhere.
extern "C" __global__ void __launch_bounds__(THREADS) magnitude_difference(
    float* __restrict__ partials, const float* __restrict__ image, const float* __restrict__ base,
    long long count) {
    const long long step = static_cast<long long>(gridDim.x) * THREADS;
    float sum = 0.0f;
    for (long long at = static_cast<long long>(blockIdx.x) * THREADS + threadIdx.x; at < count;
         at += step) {
        sum += fabsf(image[at] - base[at]);
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) partials[blockIdx.x] = sum;
}

// One block: mean = sum of `parts` partial sums / count.
extern "C" __global__ void __launch_bounds__(THREADS) magnitude_finish(
    float* __restrict__ mean, const float* __restrict__ partials, int parts, long long count) {
    float sum = 0.0f;
    for (int part = static_cast<int>(threadIdx.x); part < parts; part += THREADS) {
        sum += partials[part];
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) *mean = sum / static_cast<float>(count);
}
