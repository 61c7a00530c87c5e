// What every kernel shares: 16-bit floats, pixel addresses, positions between two pixels.
//
// No header is included, so that a runtime compiler needs no toolkit beside it. Images are planar
// [3, height, width]. Addresses are size_t; sides are at most 32767 pixels, which keeps `between`
// within 32 bits.
#pragma once

inline constexpr int PLANES = 3;

// One IEEE half in memory. Arithmetic is always done in float.
struct Half {
    unsigned short bits;
};

#ifdef HOST_SHIM  // compiled as C++ for the tests; the conversions come from the shim
#define DYNAMIC_SHARED(name) float* name = dynamic_shared()
#else
__device__ __forceinline__ float half_to_float(unsigned short bits) {
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
    return value;
}

__device__ __forceinline__ unsigned short float_to_half(float value) {
    unsigned short bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
}
#define DYNAMIC_SHARED(name) extern __shared__ float name[]
#endif

__device__ __forceinline__ float load(const float* values, size_t at) { return values[at]; }
__device__ __forceinline__ float load(const Half* values, size_t at) {
    return half_to_float(values[at].bits);
}
__device__ __forceinline__ void store(float* values, size_t at, float value) {
    values[at] = value;
}
__device__ __forceinline__ void store(Half* values, size_t at, float value) {
    values[at].bits = float_to_half(value);
}

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

template <typename T>
__device__ __forceinline__ float bilinear(
    const T* values, int plane, Between y, Between x, int height, int width) {
    const float upper = mix(load(values, address(plane, y.first, x.first, height, width)),
                            load(values, address(plane, y.first, x.second, height, width)),
                            x.weight);
    const float lower = mix(load(values, address(plane, y.second, x.first, height, width)),
                            load(values, address(plane, y.second, x.second, height, width)),
                            x.weight);
    return mix(upper, lower, y.weight);
}

// Where `index` comes from when a torus of `size` is shifted by `whole` (0..size-1) + `fraction`.
__device__ __forceinline__ Between shifted(int index, int size, int whole, float fraction) {
    const int first = index >= whole ? index - whole : index - whole + size;
    return {first, first > 0 ? first - 1 : size - 1, fraction};
}
