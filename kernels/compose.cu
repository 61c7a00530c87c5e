// The shown picture: the camera's own and the residual enlarged onto it. Defined by compose.compose.
//
// Residual and mask are enlarged here, so that nothing but the picture itself ever has its size.
// Bytes per pixel: 6 (3 read, 3 written), plus 3 times residual pixels and 4 times mask pixels per
// pixel. One step after the other, as on the processor, took 24 and three times the mask.
#include "common.cuh"

// Where pixel `index` of `size` lies among `source` pixels, by pixel centres.
__device__ __forceinline__ Around enlarged(int index, int size, int source) {
    const int above = (2 * index + 1) * source - size, below = 2 * size;
    const int first = above >= 0 ? above / below : -1;  // above is more than -below
    const float t = static_cast<float>(above - first * below) / static_cast<float>(below);
    return around(first, t, source, 1.0f);
}

// Blocks of 32 x 8 pixels. camera, residual, out: [height, width, 3] BGR. residual and mask may be
// null. kept, haze: of the camera's picture, what is left of it and what is added, in levels. out
// may be camera.
extern "C" __global__ void compose(
    unsigned char* out, const unsigned char* camera, const unsigned char* __restrict__ residual,
    const float* __restrict__ mask, int height, int width, int residual_height,
    int residual_width, int mask_height, int mask_width, float amount, float kept, float haze,
    float light) {
    const int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int y = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
    if (x >= width || y >= height) return;
    float added[PLANES] = {};
    if (residual) {
        bicubic(residual, enlarged(y, height, residual_height), enlarged(x, width, residual_width),
                residual_width, added);
    }
    float share = 1.0f;
    if (mask) {
        share = bilinear(mask, 0, between(y, height, mask_height, 0),
                         between(x, width, mask_width, 0), mask_height, mask_width);
    }
    const size_t at = address(0, y, x, height, width) * PLANES;
    for (int plane = 0; plane < PLANES; plane++) {
        float shown = static_cast<float>(camera[at + plane]);
        if (residual) {
            const float laid = shown * kept + haze + amount * (added[plane] - NONE);
            shown = mask ? shown + share * (laid - shown) : laid;
            shown = fminf(fmaxf(shown, 0.0f), 255.0f);
        }
        out[at + plane] = as_byte(shown * light);
    }
}
