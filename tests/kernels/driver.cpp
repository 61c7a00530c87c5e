// A CUDA driver that is the processor: what the CUDA libraries for Python ask of libcuda.so.1, so
// that the launcher's backends run with the real libraries where there is no card.
//
// Memory is the host's and work is done at once. A kernel is the shim's: LIVEDREAM_SHIM names
// libraries made by host.py, and a loaded binary must hold the name of the kernel that is asked of
// it. Strict where a card is: a call that needs a current context fails without one, copies and
// fills stay inside one allocation, handles are checked. What is not here is not found.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <dlfcn.h>

namespace {

enum Status { OK = 0, INVALID_VALUE = 1, NO_DEVICE = 100, INVALID_DEVICE = 101, INVALID_IMAGE = 200,
              INVALID_CONTEXT = 201, INVALID_HANDLE = 400, NOT_FOUND = 500, NOT_SUPPORTED = 801 };

constexpr unsigned DISABLE_TIMING = 2;

struct Kernel {
    void (*call)(void**);
    const char* types;
    const char* (*launch)(void (*)(void**), void**, const unsigned*, const unsigned*, unsigned,
                          unsigned);
};

struct Module {
    std::string image;
    std::map<std::string, Kernel> kernels;
};

std::recursive_mutex lock;
std::map<uintptr_t, size_t> memory;
std::set<void*> streams, events, timed;
int primary_context, pool;
thread_local std::vector<void*> contexts;
unsigned seed;

using Guard = std::lock_guard<std::recursive_mutex>;

bool lost() { return contexts.empty() || contexts.back() != &primary_context; }

bool inside(uintptr_t at, size_t size) {
    auto after = memory.upper_bound(at);
    if (after == memory.begin()) return false;
    --after;
    return at + size <= after->first + after->second;
}

// 0 to 2: the default streams.
bool known(void* stream) {
    return reinterpret_cast<uintptr_t>(stream) < 3 || streams.count(stream);
}

int allocate(uintptr_t* out, size_t size) {
    Guard guard(lock);
    if (lost()) return INVALID_CONTEXT;
    if (!size) return INVALID_VALUE;
    void* place = aligned_alloc(256, (size + 255) / 256 * 256);
    memset(place, 0xff, size);
    *out = reinterpret_cast<uintptr_t>(place);
    memory[*out] = size;
    return OK;
}

int give_back(uintptr_t at) {
    Guard guard(lock);
    if (!memory.erase(at)) return INVALID_VALUE;
    free(reinterpret_cast<void*>(at));
    return OK;
}

int copy(void* to, const void* from, size_t size, uintptr_t device, void* stream) {
    Guard guard(lock);
    if (lost()) return INVALID_CONTEXT;
    if (!known(stream)) return INVALID_HANDLE;
    if (!inside(device, size)) return INVALID_VALUE;
    memcpy(to, from, size);
    return OK;
}

int load(Module** out, const void* image) {
    Guard guard(lock);
    if (lost()) return INVALID_CONTEXT;
    const char* bytes = static_cast<const char*>(image);
    size_t size;
    if (!memcmp(bytes, "\x7f" "ELF", 4)) {
        uint64_t sections;
        uint16_t each, count;
        memcpy(&sections, bytes + 40, 8);
        memcpy(&each, bytes + 58, 2);
        memcpy(&count, bytes + 60, 2);
        size = sections + each * count;
    } else {
        size = strlen(bytes);
        if (!strstr(bytes, ".target sm_")) return INVALID_IMAGE;
    }
    *out = new Module{std::string(bytes, size), {}};
    return OK;
}

int find(Kernel** out, Module* module, const char* name) {
    Guard guard(lock);
    if (lost()) return INVALID_CONTEXT;
    if (module->image.find(name) == std::string::npos) return NOT_FOUND;
    std::istringstream libraries(getenv("LIVEDREAM_SHIM"));
    for (std::string path; std::getline(libraries, path, ':');) {
        void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (!library) return fprintf(stderr, "%s\n", dlerror()), NOT_FOUND;
        auto call = dlsym(library, (std::string("shim_call_") + name).c_str());
        if (!call) continue;
        auto types = dlsym(library, (std::string("shim_types_") + name).c_str());
        Kernel& kernel = module->kernels[name];
        kernel.call = reinterpret_cast<void (*)(void**)>(call);
        kernel.types = reinterpret_cast<const char* (*)()>(types)();
        kernel.launch = reinterpret_cast<decltype(kernel.launch)>(dlsym(library, "shim_launch"));
        *out = &kernel;
        return OK;
    }
    return NOT_FOUND;
}

int launch(Kernel* kernel, const unsigned* grid, const unsigned* block, unsigned shared,
           void* stream, void** arguments, void** extra) {
    Guard guard(lock);
    if (lost()) return INVALID_CONTEXT;
    if (!known(stream)) return INVALID_HANDLE;
    std::vector<void*> places;
    if (extra) {  // one packed buffer instead of a list of places
        char* packed = nullptr;
        size_t size = 0, at = 0;
        for (; *extra; extra += 2) {
            if (*extra == reinterpret_cast<void*>(1)) packed = static_cast<char*>(extra[1]);
            if (*extra == reinterpret_cast<void*>(2)) size = *static_cast<size_t*>(extra[1]);
        }
        for (const char* type = kernel->types; *type; type++) {
            const size_t each = *type == 'P' || *type == 'q' ? 8 : 4;
            at = (at + each - 1) / each * each;
            places.push_back(packed + at);
            at += each;
        }
        if (at != size) return INVALID_VALUE;
        arguments = places.data();
    }
    const char* trouble = kernel->launch(kernel->call, arguments, grid, block, shared, seed++);
    if (trouble) fprintf(stderr, "%s\n", trouble);
    return trouble ? INVALID_VALUE : OK;
}

template <typename T> int made(std::set<void*>& all, T** out) {
    Guard guard(lock);
    if (lost()) return INVALID_CONTEXT;
    *out = new char[64];
    all.insert(*out);
    return OK;
}

int gone(std::set<void*>& all, void* one) {
    Guard guard(lock);
    if (!all.erase(one)) return INVALID_HANDLE;
    delete[] static_cast<char*>(one);
    return OK;
}

int alive(const std::set<void*>& all, void* one) {
    Guard guard(lock);
    return all.count(one) ? OK : INVALID_HANDLE;
}

}  // namespace

struct LaunchConfig {
    unsigned grid[3], block[3], shared;
    void* stream;
    void* attributes;
    unsigned count;
};

extern "C" {

// How many streams, events and allocations are alive: what a test may count.
int livedream_alive(int kind) {
    Guard guard(lock);
    return static_cast<int>(kind == 0 ? streams.size() : kind == 1 ? events.size() : memory.size());
}

int cuInit(unsigned) { return getenv("LIVEDREAM_NO_DEVICE") ? NO_DEVICE : OK; }
int cuDriverGetVersion(int* out) { return *out = 13000, OK; }
int cuGetErrorName(int status, const char** out) {
    static thread_local char text[32];
    snprintf(text, sizeof text, "CUDA_ERROR_%d", status);
    return *out = text, OK;
}
int cuGetErrorString(int status, const char** out) { return cuGetErrorName(status, out); }

// NVRTC asks, and takes a no; it does not take that the function is absent.
int cuGetExportTable(const void**, const void*) { return NOT_FOUND; }

int cuDeviceGetCount(int* out) { return *out = 1, OK; }
int cuDeviceGet(int* out, int index) { return *out = index, index ? INVALID_DEVICE : OK; }
int cuDeviceGetName(char* out, int size, int) { return snprintf(out, size, "the processor"), OK; }
int cuDeviceComputeCapability(int* major, int* minor, int) { return *major = 8, *minor = 6, OK; }
int cuDeviceGetAttribute(int* out, int attribute, int) {
    // 75 and 76: the compute capability; 115: memory pools.
    return *out = attribute == 75 ? 8 : attribute == 76 ? 6 : attribute == 115 ? 1 : 0, OK;
}
int cuDeviceTotalMem_v2(size_t* out, int) { return *out = 1 << 30, OK; }

int cuDevicePrimaryCtxRetain(void** out, int) { return *out = &primary_context, OK; }
int cuDevicePrimaryCtxRelease_v2(int) { return OK; }
int cuCtxDetach(void*) { return OK; }
int cuCtxGetCurrent(void** out) { return *out = contexts.empty() ? nullptr : contexts.back(), OK; }
int cuCtxSetCurrent(void* context) {
    if (!contexts.empty()) contexts.pop_back();
    if (context) contexts.push_back(context);
    return OK;
}
int cuCtxPushCurrent_v2(void* context) { return contexts.push_back(context), OK; }
int cuCtxPopCurrent_v2(void** out) {
    if (contexts.empty()) return INVALID_CONTEXT;
    if (out) *out = contexts.back();
    return contexts.pop_back(), OK;
}
int cuCtxGetDevice(int* out) { return *out = 0, lost() ? INVALID_CONTEXT : OK; }
int cuCtxGetDevice_v2(int* out, void*) { return *out = 0, OK; }
int cuCtxSynchronize() { return lost() ? INVALID_CONTEXT : OK; }
int cuCtxGetStreamPriorityRange(int* least, int* greatest) { return *least = *greatest = 0, OK; }

int cuThreadExchangeStreamCaptureMode(int* mode) {
    static thread_local int before = 0;
    const int asked = *mode;
    *mode = before;
    return before = asked, asked < 3 ? OK : INVALID_VALUE;
}

int cuStreamCreate(void** out, unsigned) { return made(streams, out); }
int cuStreamCreateWithPriority(void** out, unsigned, int) { return made(streams, out); }
int cuStreamDestroy_v2(void* stream) { return gone(streams, stream); }
int cuStreamSynchronize(void* stream) { return known(stream) ? OK : INVALID_HANDLE; }
int cuStreamQuery(void* stream) { return known(stream) ? OK : INVALID_HANDLE; }
int cuStreamIsCapturing(void*, int* out) { return *out = 0, OK; }
int cuStreamGetCtx(void*, void** out) { return *out = &primary_context, OK; }
int cuStreamWaitEvent(void* stream, void* event, unsigned) {
    return known(stream) ? alive(events, event) : INVALID_HANDLE;
}

int cuEventCreate(void** out, unsigned flags) {
    const int status = made(events, out);
    Guard guard(lock);
    if (status == OK && !(flags & DISABLE_TIMING)) timed.insert(*out);
    return status;
}
int cuEventDestroy_v2(void* event) {
    Guard guard(lock);
    timed.erase(event);
    return gone(events, event);
}
int cuEventRecord(void* event, void* stream) {
    return known(stream) ? alive(events, event) : INVALID_HANDLE;
}
int cuEventSynchronize(void* event) { return alive(events, event); }
int cuEventQuery(void* event) { return alive(events, event); }
int cuEventElapsedTime(float* out, void* start, void* end) {
    return *out = 1, alive(timed, start) | alive(timed, end);
}
int cuEventElapsedTime_v2(float* out, void* start, void* end) {
    return cuEventElapsedTime(out, start, end);
}

int cuMemAlloc_v2(uintptr_t* out, size_t size) { return allocate(out, size); }
int cuMemFree_v2(uintptr_t at) { return give_back(at); }
int cuMemAllocHost_v2(void** out, size_t size) {
    return allocate(reinterpret_cast<uintptr_t*>(out), size);
}
int cuMemHostAlloc(void** out, size_t size, unsigned) { return cuMemAllocHost_v2(out, size); }
int cuMemFreeHost(void* at) { return give_back(reinterpret_cast<uintptr_t>(at)); }
int cuDeviceGetDefaultMemPool(void** out, int) { return *out = &pool, OK; }
int cuDeviceGetMemPool(void** out, int) { return *out = &pool, OK; }
int cuMemGetDefaultMemPool(void** out, void*, int) { return *out = &pool, OK; }
int cuMemPoolGetAttribute(void*, int, void* out) { return *static_cast<uint64_t*>(out) = 0, OK; }
int cuMemPoolSetAttribute(void*, int, void*) { return OK; }
int cuMemAllocFromPoolAsync(uintptr_t* out, size_t size, void*, void* stream) {
    return known(stream) ? allocate(out, size) : INVALID_HANDLE;
}
int cuMemFreeAsync(uintptr_t at, void* stream) {
    return known(stream) ? give_back(at) : INVALID_HANDLE;
}

int cuMemcpyHtoDAsync_v2(uintptr_t to, const void* from, size_t size, void* stream) {
    return copy(reinterpret_cast<void*>(to), from, size, to, stream);
}
int cuMemcpyDtoHAsync_v2(void* to, uintptr_t from, size_t size, void* stream) {
    return copy(to, reinterpret_cast<void*>(from), size, from, stream);
}
int cuMemsetD8Async(uintptr_t at, unsigned char value, size_t size, void* stream) {
    Guard guard(lock);
    if (lost()) return INVALID_CONTEXT;
    if (!known(stream)) return INVALID_HANDLE;
    if (!inside(at, size)) return INVALID_VALUE;
    return memset(reinterpret_cast<void*>(at), value, size), OK;
}

int cuModuleLoadData(Module** out, const void* image) { return load(out, image); }
int cuModuleLoadDataEx(Module** out, const void* image, unsigned, void*, void*) {
    return load(out, image);
}
int cuModuleUnload(Module* module) { return delete module, OK; }
int cuModuleGetFunction(Kernel** out, Module* module, const char* name) {
    return find(out, module, name);
}
int cuLibraryLoadData(Module** out, const void* image, void*, void*, unsigned, void*, void*,
                      unsigned) {
    return load(out, image);
}
int cuLibraryUnload(Module* module) { return delete module, OK; }
int cuLibraryGetKernel(Kernel** out, Module* module, const char* name) {
    return find(out, module, name);
}
int cuKernelGetFunction(Kernel** out, Kernel* kernel) { return *out = kernel, OK; }
int cuFuncSetBlockShape(Kernel*, int, int, int) { return OK; }  // of old; launches say it again
int cuFuncGetAttribute(int* out, int, void*) { return *out = 0, OK; }

int cuLaunchKernel(Kernel* kernel, unsigned x, unsigned y, unsigned z, unsigned bx, unsigned by,
                   unsigned bz, unsigned shared, void* stream, void** arguments, void** extra) {
    const unsigned grid[] = {x, y, z}, block[] = {bx, by, bz};
    return launch(kernel, grid, block, shared, stream, arguments, extra);
}
int cuLaunchKernelEx(const LaunchConfig* config, Kernel* kernel, void** arguments, void** extra) {
    return launch(kernel, config->grid, config->block, config->shared, config->stream, arguments,
                  extra);
}

// The newest form of a function, by its plain name.
int cuGetProcAddress_v2(const char* name, void** out, int, uint64_t, int* status) {
    *out = nullptr;
    for (const char* form : {"_v2", ""}) {
        if (!*out) *out = dlsym(RTLD_DEFAULT, (std::string(name) + form).c_str());
    }
    if (!strcmp(name, "cuGetProcAddress")) *out = reinterpret_cast<void*>(cuGetProcAddress_v2);
    if (!*out && getenv("LIVEDREAM_DRIVER_TRACE")) fprintf(stderr, "no %s\n", name);
    if (status) *status = *out ? 0 : 1;
    return *out ? OK : NOT_FOUND;
}
int cuGetProcAddress(const char* name, void** out, int version, uint64_t flags) {
    return cuGetProcAddress_v2(name, out, version, flags, nullptr);
}

}  // extern "C"
