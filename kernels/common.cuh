// What every kernel shares: pixel addresses, positions between two pixels.
//
// No header is included, so that a runtime compiler needs no toolkit beside it. Images are planar
// [3, height, width]. Addresses are size_t; sides are at most 32767 pixels, which keeps `between`
// within 32 bits.
#pragma once

inline constexpr int PLANES = 3;

#ifdef HOST_SHIM  // compiled as C++ for the tests
#define DYNAMIC_SHARED(name) float* name = dynamic_shared()
#else
#define DYNAMIC_SHARED(name) extern __shared__ float name[]
#endif

__device__ __forceinline__ size_t address(int plane, int y, int x, int height, int width) {
    return (static_cast<size_t>(plane) * height + y) * width + x;
}

__device__ __forceinline__ float clamp01(float value) {
    return fminf(fmaxf(value, 0.0f), 1.0f);
}

// Two neighbouring pixels and the weight of the second.
struct Between {
    int first, second;
    float weight;
};

__device__ __forceinline__ float mix(float first, float second, float weight) {
    return first * (1.0f - weight) + second * weight;
}

// Where pixel `index` of `size` lies in a row of `source` pixels. Whole-number arithmetic: exact at
// any size, without the double precision that consumer cards are slow at.
__device__ __forceinline__ Between between(int index, int size, int source, int corners) {
    int above, below;
    if (corners) {  // first and last pixels of both coincide
        above = size > 1 ? index * (source - 1) : 0;
        below = size > 1 ? size - 1 : 1;
    } else {  // pixel centres at half-integers
        above = (2 * index + 1) * source - size;
        below = 2 * size;
    }
    above = max(above, 0);
    const int first = min(above / below, source - 1);
    const int second = min(first + 1, source - 1);
    const float weight = static_cast<float>(above - first * below) / static_cast<float>(below);
    return {first, second, second > first ? weight : 0.0f};
}

// The same for a place given as a float, the edge repeated.
__device__ __forceinline__ Between between(float at, int source) {
    at = fminf(fmaxf(at, 0.0f), static_cast<float>(source - 1));
    const int first = static_cast<int>(at);
    return {first, min(first + 1, source - 1), at - static_cast<float>(first)};
}

__device__ __forceinline__ float bilinear(
    const float* values, int plane, Between y, Between x, int height, int width) {
    const float upper = mix(values[address(plane, y.first, x.first, height, width)],
                            values[address(plane, y.first, x.second, height, width)], x.weight);
    const float lower = mix(values[address(plane, y.second, x.first, height, width)],
                            values[address(plane, y.second, x.second, height, width)], x.weight);
    return mix(upper, lower, y.weight);
}

// Where `index` comes from when a torus of `size` is shifted by `shift`, 0..size-1.
__device__ __forceinline__ int shifted(int index, int size, int shift) {
    return index >= shift ? index - shift : index - shift + size;
}

// Four neighbouring pixels and what they count.
struct Around {
    int place[4];
    float weight[4];
};

// Keys's a, that of OpenCV. See warp.py.
inline constexpr float KEYS = -0.75f;

__device__ __forceinline__ float far_weight(float x) {
    return KEYS * x * (x * (x - 5.0f) + 8.0f) - 4.0f * KEYS;
}

__device__ __forceinline__ float near_weight(float x) {
    return ((KEYS + 2.0f) * x - (KEYS + 3.0f)) * x * x + 1.0f;
}

// The pixels around the place `t`, 0..1, after pixel `first` in a row of `size`, the edge repeated.
// cubic: share of the cubic interpolation, the rest is linear.
__device__ __forceinline__ Around around(int first, float t, int size, float cubic) {
    Around out;
    for (int index = 0; index < 4; index++) {
        out.place[index] = min(max(first - 1 + index, 0), size - 1);
    }
    out.weight[0] = cubic * far_weight(t + 1.0f);
    out.weight[1] = mix(1.0f - t, near_weight(t), cubic);
    out.weight[2] = mix(t, near_weight(1.0f - t), cubic);
    out.weight[3] = cubic * far_weight(2.0f - t);
    return out;
}

// The same for a place given as a float.
__device__ __forceinline__ Around around(float at, int size, float cubic) {
    at = fminf(fmaxf(at, -2.0f), static_cast<float>(size + 1));
    const float whole = floorf(at);
    return around(static_cast<int>(whole), at - whole, size, cubic);
}

// The byte of a residual that changes nothing.
inline constexpr float NONE = 128.0f;

// The byte nearest to a value.
__device__ __forceinline__ unsigned char as_byte(float value) {
    return static_cast<unsigned char>(rintf(fminf(fmaxf(value, 0.0f), 255.0f)));
}

// The three values, 0..255, of an interleaved picture `width` pixels wide between pixels.
__device__ __forceinline__ void bicubic(
    const unsigned char* picture, const Around& y, const Around& x, int width, float* values) {
    for (int plane = 0; plane < PLANES; plane++) {
        float value = 0.0f;
        for (int row = 0; row < 4; row++) {
            const unsigned char* pixels = picture + static_cast<size_t>(y.place[row]) * width * PLANES;
            float line = 0.0f;
            for (int column = 0; column < 4; column++) {
                line += x.weight[column] *
                        static_cast<float>(pixels[x.place[column] * PLANES + plane]);
            }
            value += y.weight[row] * line;
        }
        values[plane] = fminf(fmaxf(value, 0.0f), 255.0f);
    }
}
