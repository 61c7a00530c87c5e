// The accumulated dream held to a strength. Defined by limit.limit; the mean comes from
// magnitude.cu.
//
// Bytes per pixel: `limit` 24 (residual read and written), with the mean 36. `limit_sum`, which
// also takes residual = image - base before and image = base + residual after it, 48, with the
// mean 72; as separate passes the same is 108.

__device__ __forceinline__ float weakening(float mean, float strength) {
    return strength > 0.0f && mean > strength ? strength / mean : 1.0f;
}

// Blocks of 256 values, any number of them. out may be residual.
extern "C" __global__ void limit(
    float* out, const float* residual, const float* __restrict__ mean, float strength,
    long long count) {
    const float scale = weakening(*mean, strength);
    const long long step = static_cast<long long>(gridDim.x) * blockDim.x;
    for (long long at = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; at < count;
         at += step) {
        out[at] = residual[at] * scale;
    }
}

// residual = limited(image - base), sum = base + residual. sum may be image, residual may not.
extern "C" __global__ void limit_sum(
    float* residual, float* sum, const float* image, const float* base,
    const float* __restrict__ mean, float strength, long long count) {
    const float scale = weakening(*mean, strength);
    const long long step = static_cast<long long>(gridDim.x) * blockDim.x;
    for (long long at = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; at < count;
         at += step) {
        const float bottom = base[at];
        const float value = (image[at] - bottom) * scale;
        residual[at] = value;
        sum[at] = bottom + value;
    }
}
