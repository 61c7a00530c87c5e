// Camera bytes to planar float and back. Defined by pixels.to_planar and pixels.to_bytes.
//
// Bytes per pixel: 15 either way (3 of BGR, 12 of planar float).
#include "common.cuh"

// Blocks of 256 pixels. haze: what `contrast` leaves away, of middle grey. pixels = height * width; the rows of bgr follow each other without a gap.
extern "C" __global__ void to_planar(
    float* __restrict__ out, const unsigned char* __restrict__ bgr, float contrast, float haze,
    int pixels) {
    const int at = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (at >= pixels) return;
    const size_t size = static_cast<size_t>(pixels), byte = static_cast<size_t>(at) * PLANES;
    for (int plane = 0; plane < PLANES; plane++) {
        const float value = static_cast<float>(bgr[byte + (PLANES - 1 - plane)]);
        out[plane * size + at] = value / 255.0f * contrast + haze;
    }
}

extern "C" __global__ void to_bytes(
    unsigned char* __restrict__ out, const float* __restrict__ image, int pixels) {
    const int at = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (at >= pixels) return;
    const size_t size = static_cast<size_t>(pixels), byte = static_cast<size_t>(at) * PLANES;
    for (int plane = 0; plane < PLANES; plane++) {
        const float value = rintf(clamp01(image[plane * size + at]) * 255.0f);
        out[byte + (PLANES - 1 - plane)] = static_cast<unsigned char>(value);
    }
}
