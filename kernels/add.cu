// Sum and difference of two images, for where no other kernel can take them along. Defined by
// add.add.
//
// Bytes per pixel: 36 (24 read, 12 written).

// out = a + weight * b; weight 1 adds, -1 subtracts. Blocks of 256 values. out may be a or b.
extern "C" __global__ void add(
    float* out, const float* a, const float* b, float weight, long long count) {
    const long long step = static_cast<long long>(gridDim.x) * blockDim.x;
    for (long long at = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x; at < count;
         at += step) {
        out[at] = a[at] + weight * b[at];
    }
}
