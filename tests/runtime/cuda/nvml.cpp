// NVIDIA's management library as far as livedream asks it, on a machine with three cards: one that
// tells everything, one that does not know about power, and one that is lost.
#include <cstdint>
#include <cstring>

enum Status { OK = 0, INVALID = 2, NOT_SUPPORTED = 3, GPU_IS_LOST = 15 };

struct Memory {
    unsigned long long total, free, used;
};

static intptr_t index_of(void* card) { return reinterpret_cast<intptr_t>(card) - 1; }

static int tell(char* out, unsigned size, const char* text) {
    if (strlen(text) >= size) return INVALID;
    strcpy(out, text);
    return OK;
}

static int tell(unsigned* out, unsigned value) { return *out = value, OK; }

extern "C" {
int nvmlInitWithFlags(unsigned) { return OK; }
int nvmlShutdown() { return OK; }
int nvmlSystemGetDriverVersion(char* out, unsigned size) { return tell(out, size, "580.95.05"); }
int nvmlSystemGetCudaDriverVersion_v2(int* out) { return *out = 13090, OK; }
int nvmlDeviceGetCount_v2(unsigned* out) { return tell(out, 3); }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** out) {
    if (index > 1) return GPU_IS_LOST;
    *out = reinterpret_cast<void*>(static_cast<intptr_t>(index) + 1);
    return OK;
}
int nvmlDeviceGetName(void* card, char* out, unsigned size) {
    return tell(out, size, index_of(card) ? "NVIDIA T4" : "NVIDIA H100");
}
int nvmlDeviceGetUUID(void* card, char* out, unsigned size) {
    return tell(out, size, index_of(card) ? "GPU-bb-2" : "GPU-aa-1");
}
int nvmlDeviceGetMemoryInfo(void*, Memory* out) {
    *out = {81559ull << 20, 0, 0};
    return OK;
}
int nvmlDeviceGetPowerManagementLimit(void* card, unsigned* out) {
    return index_of(card) ? NOT_SUPPORTED : tell(out, 700000);
}
int nvmlDeviceGetMaxClockInfo(void*, unsigned, unsigned* out) { return tell(out, 1980); }
int nvmlDeviceGetClockInfo(void*, unsigned kind, unsigned* out) {
    return tell(out, kind == 1 ? 345 : 2619);  // 1: the processors', 2: the memory's
}
int nvmlDeviceGetTemperature(void*, unsigned, unsigned* out) { return tell(out, 31); }
int nvmlDeviceGetPowerUsage(void*, unsigned* out) { return tell(out, 76400); }
int nvmlDeviceGetCurrentClocksThrottleReasons(void*, unsigned long long* out) {
    return *out = 4, OK;
}
}
