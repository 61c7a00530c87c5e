// Sum over a block of 256 threads, the same to the last bit in every run.
#pragma once

inline constexpr int THREADS = 256;

// Every thread of the block must call this. The sum is returned to thread 0; others get leavings.
static __device__ inline float block_sum(float value) {
    __shared__ float sums[THREADS];
    const int thread = static_cast<int>(threadIdx.y * blockDim.x + threadIdx.x);
    sums[thread] = value;
    for (int half = THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (thread < half) sums[thread] += sums[thread + half];
    }
    return sums[thread];
}
