// image + step * gradient / mean|gradient|, clipped to 0..1 and shifted back, in one pass. Defined
// by ascend.ascend; the mean comes from magnitude.cu.
//
// Bytes per pixel: 36 (image and gradient read, image written), 30 with a half gradient. With the
// mean: 48, or 36; a mean taken by `blur` on its way costs nothing here.
#include "common.cuh"

// Blocks of 32 x 8 pixels. dx, dy, part_x, part_y: the shift *back*, as in jitter.cu.
// image_shifted: 1 - image is as the network saw it, like the gradient (the definition); 0 - image
// was never shifted, only the gradient is moved. Both are the same for whole pixels; the second
// saves a float copy beside a half network input, may write onto its own image, and does not
// soften it where the shift has a fraction.
template <typename T>
__device__ __forceinline__ void climb(
    float* out, const float* image, const T* __restrict__ gradient, const float* __restrict__ mean,
    float step, int height, int width, int dx, int dy, float part_x, float part_y,
    int image_shifted) {
    const int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    const int y = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
    if (x >= width || y >= height) return;
    // A dead gradient (0) or a broken one (not finite) leaves the image.
    const float magnitude = *mean;
    const bool alive = magnitude > 0.0f && isfinite(magnitude);
    const float scale = alive ? step / magnitude : 0.0f;
    const Between from_x = shifted(x, width, dx, part_x);
    const Between from_y = shifted(y, height, dy, part_y);
    const bool whole = part_x == 0.0f && part_y == 0.0f;
    auto pixel = [&](int plane, int at_y, int at_x) {
        const size_t at = address(plane, at_y, at_x, height, width);
        return clamp01(alive ? image[at] + scale * load(gradient, at) : image[at]);
    };
    for (int plane = 0; plane < PLANES; plane++) {
        const size_t at = address(plane, y, x, height, width);
        float value;
        if (!image_shifted) {
            const float slope =
                whole ? load(gradient, address(plane, from_y.first, from_x.first, height, width))
                      : bilinear(gradient, plane, from_y, from_x, height, width);
            value = clamp01(alive ? image[at] + scale * slope : image[at]);
        } else if (whole) {
            value = pixel(plane, from_y.first, from_x.first);
        } else {
            value = mix(mix(pixel(plane, from_y.first, from_x.first),
                            pixel(plane, from_y.first, from_x.second), part_x),
                        mix(pixel(plane, from_y.second, from_x.first),
                            pixel(plane, from_y.second, from_x.second), part_x),
                        part_y);
        }
        out[at] = value;
    }
}

extern "C" __global__ void ascend_f32(
    float* out, const float* image, const float* __restrict__ gradient,
    const float* __restrict__ mean, float step, int height, int width, int dx, int dy,
    float part_x, float part_y, int image_shifted) {
    climb(out, image, gradient, mean, step, height, width, dx, dy, part_x, part_y, image_shifted);
}

extern "C" __global__ void ascend_f16(
    float* out, const float* image, const Half* __restrict__ gradient,
    const float* __restrict__ mean, float step, int height, int width, int dx, int dy,
    float part_x, float part_y, int image_shifted) {
    climb(out, image, gradient, mean, step, height, width, dx, dy, part_x, part_y, image_shifted);
}
