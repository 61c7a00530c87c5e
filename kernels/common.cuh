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
