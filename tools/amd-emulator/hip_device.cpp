// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Devices, properties, errors, and the state that all files of the HIP API share.
#include <dlfcn.h>
#include <link.h>
#include "hip_api.hpp"

namespace shim {
std::recursive_mutex g_mx;
thread_local int t_dev = 0;
int g_running = 0;
// Pairs (device, peer): kernels of the device may access the peer's memory.
static std::set<std::pair<int, int>>& peers() {
  static auto* s = new std::set<std::pair<int, int>>;
  return *s;
}
bool may_access(int from, int to) {
  Lock l;
  return from == to || peers().count({from, to});
}
static thread_local hipError_t t_last = hipSuccess, t_cmd = hipSuccess;
static hipError_t g_async = hipSuccess;

int devices() {
  static int const n = int(emu::number("AMDEMU_DEVICES", "1"));
  return n;
}
bool is_device(int d) { return d >= 0 && d < devices(); }
void say(std::string const& s) {
  fprintf(stderr, "[amd-emulator] %s\n", s.c_str());
  fflush(stderr);
}
std::string hex(void const* p) {
  char b[32];
  snprintf(b, sizeof b, "%p", p);
  return b;
}
hipError_t take_async() {
  Lock l;
  hipError_t e = g_async;
  g_async = hipSuccess;
  return e;
}
void set_async(hipError_t e) {
  Lock l;
  if (g_async == hipSuccess) g_async = e;
}

// AMDEMU_HIP_API; or the number in the name by which this library was loaded; or 6 if a loaded object uses an entry point that only
// headers of HIP 6 name.
int api() {
  static int const v = [] {
    if (int const e = int(emu::number("AMDEMU_HIP_API", "0"))) return e;
    Dl_info di;
    if (dladdr(reinterpret_cast<void*>(&hipInit), &di) && di.dli_fname) {
      std::string f = di.dli_fname;
      size_t p = f.rfind(".so.");
      int n = p == std::string::npos ? 0 : atoi(f.c_str() + p + 4);
      if (n > 5) return n;
    }
    int found = 5;
    dl_iterate_phdr(
        [](dl_phdr_info* i, size_t, void* out) {
          for (int k = 0; k < i->dlpi_phnum; k++)
            if (i->dlpi_phdr[k].p_type == PT_DYNAMIC) {
              char const* str = nullptr;
              size_t n = 0;
              bool self = false;
              for (auto* d = reinterpret_cast<Elf64_Dyn const*>(i->dlpi_addr + i->dlpi_phdr[k].p_vaddr); d->d_tag != DT_NULL; d++) {
                if (d->d_tag == DT_STRTAB) str = reinterpret_cast<char const*>(d->d_un.d_ptr);
                if (d->d_tag == DT_STRSZ) n = d->d_un.d_val;
              }
              self = i->dlpi_name && strstr(i->dlpi_name, "libamdhip64");
              if (str && !self && reinterpret_cast<uintptr_t>(str) > 4096 && memmem(str, n, "R0600", 5)) *static_cast<int*>(out) = 6;
            }
          return 0;
        },
        &found);
    return found;
  }();
  return v;
}

bool settings_ok() {
  static std::mutex mutex;  // not the lock: the first call of ret() may hold it or not
  std::lock_guard<std::mutex> const lock(mutex);
  static std::string told;
  std::string const faults = emu::invalid_settings();
  if (!faults.empty() && faults != told) say("ERROR: " + faults);
  told = faults;
  return faults.empty();
}

// Up to HIP 6 the last error is the result of the last call, also a success. From HIP 7 on only errors replace it.
hipError_t ret(hipError_t e) {
  static bool const valid = settings_ok();
  if (!valid)
    e = hipErrorNotInitialized;
  else if (!devices())
    e = hipErrorNoDevice;
  t_cmd = e;
  if (api() < 7 || (e != hipSuccess && e != hipErrorNotReady)) t_last = e;
  return e;
}

// ---- properties
struct Facts {
  std::string arch;
  int wave, major, minor, cus = 8, threads_per_cu = 2048, clock = 1000000, mem_clock = 1000000, bus = 4096, l2 = 4 << 20,
                          grid0 = 2147483647, grid1 = 65535;
};
static Facts facts() {
  Facts f;
  f.arch = arch();
  f.wave = emu::wave_size(f.arch);
  bool const numbered = f.arch.size() >= 6;  // gfx, the version, a digit of the minor version, the stepping
  f.major = numbered ? atoi(f.arch.substr(3, f.arch.size() - 5).c_str()) : 0;
  f.minor = numbered ? f.arch[f.arch.size() - 2] - '0' : 0;
  return f;
}
template <class P>
static void common(P& p, Facts const& f) {  // fields that both layouts have
  snprintf(p.name, sizeof p.name, "AMD emulated %s", f.arch.c_str());
  snprintf(p.gcnArchName, sizeof p.gcnArchName, "%s%s", f.arch.c_str(), f.wave == 64 ? ":sramecc+:xnack-" : "");
  p.totalGlobalMem = mem_total();
  p.sharedMemPerBlock = lds_max;
  p.regsPerBlock = 65536;
  p.warpSize = f.wave;
  p.maxThreadsPerBlock = 1024;
  p.maxThreadsDim[0] = p.maxThreadsDim[1] = p.maxThreadsDim[2] = 1024;
  p.maxGridSize[0] = f.grid0;
  p.maxGridSize[1] = p.maxGridSize[2] = f.grid1;
  p.clockRate = f.clock;
  p.memoryClockRate = f.mem_clock;
  p.memoryBusWidth = f.bus;
  p.totalConstMem = 2147483647;
  p.major = f.major;
  p.minor = f.minor;
  p.multiProcessorCount = f.cus;
  p.l2CacheSize = f.l2;
  p.maxThreadsPerMultiProcessor = f.threads_per_cu;
  p.clockInstructionRate = 100000;
  p.concurrentKernels = 1;
  p.maxSharedMemoryPerMultiProcessor = lds_max;
  p.canMapHostMemory = 1;
  p.managedMemory = 1;
  p.concurrentManagedAccess = 1;
  p.pageableMemoryAccess = 1;
  p.cooperativeLaunch = 1;
  p.memPitch = 2147483647;
  p.textureAlignment = 256;
  p.isLargeBar = 1;
}

// hipDeviceProp_t as HIP 6 and 7 lay it out (hipGetDevicePropertiesR0600).
struct PropR0600 {
  char name[256];
  char uuid[16];
  char luid[8];
  unsigned luidDeviceNodeMask;
  size_t totalGlobalMem, sharedMemPerBlock;
  int regsPerBlock, warpSize;
  size_t memPitch;
  int maxThreadsPerBlock, maxThreadsDim[3], maxGridSize[3], clockRate;
  size_t totalConstMem;
  int major, minor;
  size_t textureAlignment, texturePitchAlignment;
  int deviceOverlap, multiProcessorCount, kernelExecTimeoutEnabled, integrated, canMapHostMemory, computeMode, textures_and_surfaces[40];
  size_t surfaceAlignment;
  int concurrentKernels, ECCEnabled, pciBusID, pciDeviceID, pciDomainID, tccDriver, asyncEngineCount, unifiedAddressing, memoryClockRate,
      memoryBusWidth, l2CacheSize, persistingL2CacheMaxSize, maxThreadsPerMultiProcessor, streamPrioritiesSupported, globalL1CacheSupported,
      localL1CacheSupported;
  size_t sharedMemPerMultiprocessor;
  int regsPerMultiprocessor, managedMemory, isMultiGpuBoard, multiGpuBoardGroupID, hostNativeAtomicSupported,
      singleToDoublePrecisionPerfRatio, pageableMemoryAccess, concurrentManagedAccess, computePreemptionSupported,
      canUseHostPointerForRegisteredMem, cooperativeLaunch, cooperativeMultiDeviceLaunch;
  size_t sharedMemPerBlockOptin;
  int pageableMemoryAccessUsesHostPageTables, directManagedMemAccessFromHost, maxBlocksPerMultiProcessor, accessPolicyMaxWindowSize;
  size_t reservedSharedMemPerBlock;
  int hostRegisterSupported, sparseHipArraySupported, hostRegisterReadOnlySupported, timelineSemaphoreInteropSupported,
      memoryPoolsSupported, gpuDirectRDMASupported;
  unsigned gpuDirectRDMAFlushWritesOptions;
  int gpuDirectRDMAWritesOrdering;
  unsigned memoryPoolSupportedHandleTypes;
  int deferredMappingHipArraySupported, ipcEventSupported, clusterLaunch, unifiedFunctionPointers, reserved[63], hipReserved[32];
  char gcnArchName[256];
  size_t maxSharedMemoryPerMultiProcessor;
  int clockInstructionRate;
  hipDeviceArch_t arch;
  unsigned *hdpMemFlushCntl, *hdpRegFlushCntl;
  int unmatched[4], isLargeBar, asicRevision;
};
static_assert(offsetof(PropR0600, concurrentManagedAccess) == 676 && offsetof(PropR0600, gcnArchName) == 1160 && sizeof(PropR0600) == 1472,
              "layout");
}  // namespace shim
using namespace shim;

static void features(hipDeviceArch_t& a) {
  a.hasGlobalInt32Atomics = a.hasGlobalFloatAtomicExch = a.hasSharedInt32Atomics = a.hasSharedFloatAtomicExch = a.hasFloatAtomicAdd = 1;
  a.hasGlobalInt64Atomics = a.hasSharedInt64Atomics = a.hasDoubles = a.hasWarpVote = a.hasWarpBallot = a.hasWarpShuffle =
      a.hasThreadFenceSystem = a.has3dGrid = 1;
}
// Fills what both layouts of the properties have.
template <class P>
static hipError_t properties(P* p, int d, Facts& f) {
  if (!p) return hipErrorInvalidValue;
  if (!is_device(d)) return hipErrorInvalidDevice;
  Lock l;
  f = facts();
  memset(p, 0, sizeof *p);
  common(*p, f);
  features(p->arch);
  return hipSuccess;
}
API hipError_t hipGetDeviceProperties(hipDeviceProp_t* p, int d) {
  Facts f;
  if (hipError_t const e = properties(p, d, f); e != hipSuccess) return ret(e);
  p->gcnArch = atoi(f.arch.c_str() + 3);
  return ret(hipSuccess);
}
API hipError_t hipGetDevicePropertiesR0000(hipDeviceProp_t* p, int d) { return hipGetDeviceProperties(p, d); }
API hipError_t hipGetDevicePropertiesR0600(PropR0600* p, int d) {
  Facts f;
  if (hipError_t const e = properties(p, d, f); e != hipSuccess) return ret(e);
  snprintf(p->uuid, sizeof p->uuid, "emulated%d", d % 100);
  p->deviceOverlap = 1;
  p->asyncEngineCount = 1;
  p->unifiedAddressing = 1;
  p->streamPrioritiesSupported = 1;
  p->sharedMemPerMultiprocessor = lds_max;
  p->sharedMemPerBlockOptin = lds_max;
  p->regsPerMultiprocessor = 65536 * 4;
  p->maxBlocksPerMultiProcessor = 32;
  p->hostRegisterSupported = 1;
  p->memoryPoolsSupported = 1;
  p->directManagedMemAccessFromHost = 1;
  p->texturePitchAlignment = 256;
  p->surfaceAlignment = 256;
  p->hostNativeAtomicSupported = 1;
  p->pciBusID = d;
  p->unifiedFunctionPointers = 0;
  return ret(hipSuccess);
}
API hipError_t hipDeviceGetAttribute(int* v, hipDeviceAttribute_t a, int d) {
  if (!v) return ret(hipErrorInvalidValue);
  if (!is_device(d)) return ret(hipErrorInvalidDevice);
  Lock l;
  Facts f = facts();
  // The numbers of HIP 5.2, 6 and 7 agree; the newer ones only add some.
  switch (int(a)) {
    case hipDeviceAttributeWarpSize: *v = f.wave; break;
    case hipDeviceAttributeMaxThreadsPerBlock:
    case hipDeviceAttributeMaxThreadsDim:
    case hipDeviceAttributeMaxBlockDimX:
    case hipDeviceAttributeMaxBlockDimY:
    case hipDeviceAttributeMaxBlockDimZ: *v = 1024; break;
    case hipDeviceAttributeMaxGridDimX: *v = f.grid0; break;
    case hipDeviceAttributeMaxGridDimY:
    case hipDeviceAttributeMaxGridDimZ: *v = f.grid1; break;
    case hipDeviceAttributeMaxSharedMemoryPerBlock:
    case hipDeviceAttributeMaxSharedMemoryPerMultiprocessor:
    case hipDeviceAttributeSharedMemPerBlockOptin:
    case hipDeviceAttributeSharedMemPerMultiprocessor: *v = lds_max; break;
    case hipDeviceAttributeMaxRegistersPerBlock: *v = 65536; break;
    case hipDeviceAttributeMaxRegistersPerMultiprocessor: *v = 65536 * 4; break;
    case hipDeviceAttributeMultiprocessorCount:
    case hipDeviceAttributePhysicalMultiProcessorCount: *v = f.cus; break;
    case hipDeviceAttributeMaxThreadsPerMultiProcessor: *v = f.threads_per_cu; break;
    case hipDeviceAttributeMaxBlocksPerMultiProcessor: *v = 32; break;
    case hipDeviceAttributeComputeCapabilityMajor: *v = f.major; break;
    case hipDeviceAttributeComputeCapabilityMinor: *v = f.minor; break;
    case hipDeviceAttributeClockRate: *v = f.clock; break;
    case hipDeviceAttributeClockInstructionRate:
    case 10017 /* wall clock */: *v = 100000; break;
    case hipDeviceAttributeMemoryClockRate: *v = f.mem_clock; break;
    case hipDeviceAttributeMemoryBusWidth: *v = f.bus; break;
    case hipDeviceAttributeL2CacheSize: *v = f.l2; break;
    case hipDeviceAttributeTotalConstantMemory:
    case hipDeviceAttributeMaxPitch: *v = 2147483647; break;
    case hipDeviceAttributeTotalGlobalMem: *v = int(std::min<size_t>(mem_total(), 2147483647)); break;
    case hipDeviceAttributeTextureAlignment:
    case hipDeviceAttributeTexturePitchAlignment:
    case hipDeviceAttributeSurfaceAlignment: *v = 256; break;
    case hipDeviceAttributeConcurrentKernels:
    case hipDeviceAttributeCanMapHostMemory:
    case hipDeviceAttributeManagedMemory:
    case hipDeviceAttributeConcurrentManagedAccess:
    case hipDeviceAttributePageableMemoryAccess:
    case hipDeviceAttributeIsLargeBar:
    case hipDeviceAttributeCooperativeLaunch:
    case hipDeviceAttributeMemoryPoolsSupported:
    case hipDeviceAttributeUnifiedAddressing:
    case hipDeviceAttributeStreamPrioritiesSupported:
    case hipDeviceAttributeAsyncEngineCount:
    case hipDeviceAttributeDeviceOverlap:
    case hipDeviceAttributeDirectManagedMemAccessFromHost:
    case hipDeviceAttributeHostNativeAtomicSupported:
    case hipDeviceAttributeFineGrainSupport:
    case 90 /* host register */: *v = 1; break;
    case hipDeviceAttributeIntegrated:
    case hipDeviceAttributeIsMultiGpuBoard:
    case hipDeviceAttributeComputeMode:
    case hipDeviceAttributeAsicRevision:
    case hipDeviceAttributeCooperativeMultiDeviceLaunch:
    case hipDeviceAttributePciDeviceId:
    case hipDeviceAttributePciDomainID:
    case hipDeviceAttributeEccEnabled:
    case hipDeviceAttributeKernelExecTimeout:
    case hipDeviceAttributeCanUseStreamWaitValue:
    case hipDeviceAttributeImageSupport:
    case hipDeviceAttributeTccDriver:
    case hipDeviceAttributeCanUseHostPointerForRegisteredMem:
    case hipDeviceAttributeComputePreemptionSupported:
    case hipDeviceAttributeGlobalL1CacheSupported:
    case hipDeviceAttributeLocalL1CacheSupported:
    case hipDeviceAttributePageableMemoryAccessUsesHostPageTables:
    case hipDeviceAttributeReservedSharedMemPerBlock:
    case hipDeviceAttributePersistingL2CacheMaxSize:
    case hipDeviceAttributeAccessPolicyMaxWindowSize:
    case hipDeviceAttributeMultiGpuBoardGroupID:
    case 89 /* virtual memory */:
    case 91 /* pool handle types */: *v = 0; break;
    case hipDeviceAttributePciBusId: *v = d; break;
    case 10018 /* XCCs */: *v = 1; break;
    case 10019 /* VGPRs per thread */: *v = f.wave == 64 ? 512 : 256; break;
    default: *v = 0; return ret(hipErrorInvalidValue);
  }
  return ret(hipSuccess);
}
API hipError_t hipChooseDevice(int* d, hipDeviceProp_t const* p) {
  if (!d || !p) return ret(hipErrorInvalidValue);
  *d = 0;
  return ret(hipSuccess);
}
API hipError_t hipChooseDeviceR0000(int* d, hipDeviceProp_t const* p) { return hipChooseDevice(d, p); }
API hipError_t hipChooseDeviceR0600(int* d, PropR0600 const* p) { return hipChooseDevice(d, reinterpret_cast<hipDeviceProp_t const*>(p)); }
API hipError_t hipInit(unsigned f) { return ret(f ? hipErrorInvalidValue : hipSuccess); }
API hipError_t hipGetDeviceCount(int* n) {
  if (!n) return ret(hipErrorInvalidValue);
  *n = devices();
  return ret(hipSuccess);
}
API hipError_t hipSetDevice(int d) {
  if (!is_device(d)) return ret(hipErrorInvalidDevice);
  t_dev = d;
  return ret(hipSuccess);
}
API hipError_t hipGetDevice(int* d) {
  if (!d) return ret(hipErrorInvalidValue);
  *d = t_dev;
  return ret(hipSuccess);
}
API hipError_t hipDeviceGet(hipDevice_t* d, int o) {
  if (!d || !is_device(o)) return ret(hipErrorInvalidDevice);
  *d = o;
  return ret(hipSuccess);
}
API hipError_t hipSetDeviceFlags(unsigned) { return ret(hipSuccess); }
API hipError_t hipGetDeviceFlags(unsigned* f) {
  if (!f) return ret(hipErrorInvalidValue);
  *f = 0;
  return ret(hipSuccess);
}
API hipError_t hipDeviceGetName(char* b, int n, hipDevice_t d) {
  if (!is_device(d)) return ret(hipErrorInvalidDevice);
  if (!b || n <= 0) return ret(hipErrorInvalidValue);
  snprintf(b, n, "AMD emulated %s", arch().c_str());
  return ret(hipSuccess);
}
API hipError_t hipDeviceGetUuid(hipUUID* u, hipDevice_t d) {
  if (!u || !is_device(d)) return ret(hipErrorInvalidValue);
  memset(u, 0, sizeof *u);
  snprintf(u->bytes, sizeof u->bytes, "emulated%d", d % 100);
  return ret(hipSuccess);
}
API hipError_t hipDeviceTotalMem(size_t* n, hipDevice_t d) {
  if (!n) return ret(hipErrorInvalidValue);
  if (!is_device(d)) return ret(hipErrorInvalidDevice);
  *n = mem_total();
  return ret(hipSuccess);
}
API hipError_t hipDeviceComputeCapability(int* a, int* b, hipDevice_t d) {
  if (!is_device(d)) return ret(hipErrorInvalidDevice);
  Facts const f = facts();
  if (a) *a = f.major;
  if (b) *b = f.minor;
  return ret(hipSuccess);
}
API hipError_t hipDeviceGetPCIBusId(char* b, int n, int d) {
  if (!b || n <= 0) return ret(hipErrorInvalidValue);
  if (!is_device(d)) return ret(hipErrorInvalidDevice);
  snprintf(b, n, "0000:%02x:00.0", d);
  return ret(hipSuccess);
}
API hipError_t hipDeviceGetByPCIBusId(int* d, char const* b) {
  unsigned n;
  if (!d || !b || sscanf(b, "%*x:%x:", &n) != 1) return ret(hipErrorInvalidValue);
  if (n >= unsigned(devices())) return ret(hipErrorInvalidDevice);
  *d = int(n);
  return ret(hipSuccess);
}
API hipError_t hipDeviceCanAccessPeer(int* c, int a, int b) {
  if (!c) return ret(hipErrorInvalidValue);
  if (!is_device(a) || !is_device(b)) return ret(hipErrorInvalidDevice);
  *c = a != b;
  return ret(hipSuccess);
}
API hipError_t hipDeviceEnablePeerAccess(int peer, unsigned flags) {
  if (flags) return ret(hipErrorInvalidValue);
  if (!is_device(peer) || peer == t_dev) return ret(hipErrorInvalidDevice);
  Lock l;
  return ret(peers().insert({t_dev, peer}).second ? hipSuccess : hipErrorPeerAccessAlreadyEnabled);
}
API hipError_t hipDeviceDisablePeerAccess(int peer) {
  if (!is_device(peer) || peer == t_dev) return ret(hipErrorInvalidDevice);
  if (hipError_t const e = wait_all(t_dev)) set_async(e);  // the next call that synchronises reports it
  Lock l;
  return ret(peers().erase({t_dev, peer}) ? hipSuccess : hipErrorPeerAccessNotEnabled);
}
API hipError_t hipDeviceGetP2PAttribute(int* v, hipDeviceP2PAttr a, int from, int to) {
  if (!v || a < hipDevP2PAttrPerformanceRank || a > hipDevP2PAttrHipArrayAccessSupported) return ret(hipErrorInvalidValue);
  if (!is_device(from) || !is_device(to) || from == to) return ret(hipErrorInvalidDevice);
  *v = a == hipDevP2PAttrAccessSupported || a == hipDevP2PAttrNativeAtomicSupported;
  return ret(hipSuccess);
}
// All devices are linked with each other by XGMI, in one step. The number is HSA's.
API hipError_t hipExtGetLinkTypeAndHopCount(int from, int to, uint32_t* type, uint32_t* hops) {
  if (!is_device(from) || !is_device(to)) return ret(hipErrorInvalidDevice);
  if (!type || !hops || from == to) return ret(hipErrorInvalidValue);
  *type = 4;
  *hops = 1;
  return ret(hipSuccess);
}
API hipError_t hipDeviceSetCacheConfig(hipFuncCache_t) { return ret(hipSuccess); }
API hipError_t hipDeviceGetCacheConfig(hipFuncCache_t* c) {
  if (!c) return ret(hipErrorInvalidValue);
  *c = hipFuncCachePreferNone;
  return ret(hipSuccess);
}
API hipError_t hipDeviceGetLimit(size_t* v, hipLimit_t) {
  if (!v) return ret(hipErrorInvalidValue);
  *v = 16384;
  return ret(hipSuccess);
}
API hipError_t hipDeviceSetLimit(hipLimit_t, size_t) { return ret(hipSuccess); }
static int version() { return api() == 5 ? HIP_VERSION : api() == 6 ? 60342131 : 70125424; }
API hipError_t hipDriverGetVersion(int* v) {
  if (!v) return ret(hipErrorInvalidValue);
  *v = version();
  return ret(hipSuccess);
}
API hipError_t hipRuntimeGetVersion(int* v) { return hipDriverGetVersion(v); }

// ------------------------------------------------------------------------------------------------ errors
API hipError_t hipGetLastError() {
  hipError_t e = t_last;
  t_last = hipSuccess;
  return e;
}
API hipError_t hipPeekAtLastError() { return t_last; }
API hipError_t hipExtGetLastError() {
  hipError_t e = t_cmd;
  t_cmd = hipSuccess;
  return e;
}
struct ErrorText {
  hipError_t error;
  char const *name, *text;
};
#define TEXT(error, text) {error, #error, text}
static ErrorText const error_texts[] = {
    TEXT(hipSuccess, "no error"),
    TEXT(hipErrorInvalidValue, "invalid argument"),
    TEXT(hipErrorOutOfMemory, "out of memory"),
    TEXT(hipErrorNotInitialized, "initialization error"),
    TEXT(hipErrorInvalidConfiguration, "invalid configuration argument"),
    TEXT(hipErrorInvalidPitchValue, "invalid pitch argument"),
    TEXT(hipErrorInvalidSymbol, "invalid device symbol"),
    TEXT(hipErrorInvalidDevicePointer, "invalid device pointer"),
    TEXT(hipErrorInvalidMemcpyDirection, "invalid copy direction for memcpy"),
    TEXT(hipErrorInvalidDeviceFunction, "invalid device function"),
    TEXT(hipErrorNoDevice, "no ROCm-capable device is detected"),
    TEXT(hipErrorInvalidDevice, "invalid device ordinal"),
    TEXT(hipErrorInvalidImage, "device kernel image is invalid"),
    TEXT(hipErrorInvalidContext, "invalid device context"),
    TEXT(hipErrorNoBinaryForGpu, "no kernel image is available for execution on the device"),
    TEXT(hipErrorInvalidSource, "invalid source"),
    TEXT(hipErrorFileNotFound, "file not found"),
    TEXT(hipErrorSharedObjectSymbolNotFound, "shared object symbol not found"),
    TEXT(hipErrorInvalidHandle, "invalid resource handle"),
    TEXT(hipErrorIllegalState, "the operation cannot be performed in the present state"),
    TEXT(hipErrorNotFound, "named symbol not found"),
    TEXT(hipErrorNotReady, "device not ready"),
    TEXT(hipErrorIllegalAddress, "an illegal memory access was encountered"),
    TEXT(hipErrorLaunchOutOfResources, "out of resources"),
    TEXT(hipErrorLaunchTimeOut, "the launch timed out and was terminated"),
    TEXT(hipErrorPeerAccessAlreadyEnabled, "peer access is already enabled"),
    TEXT(hipErrorPeerAccessNotEnabled, "peer access has not been enabled"),
    TEXT(hipErrorContextIsDestroyed, "context is destroyed"),
    TEXT(hipErrorAssert, "device-side assert triggered"),
    TEXT(hipErrorHostMemoryAlreadyRegistered, "part or all of the requested memory range is already mapped"),
    TEXT(hipErrorHostMemoryNotRegistered, "pointer does not correspond to a registered memory region"),
    TEXT(hipErrorLaunchFailure, "unspecified launch failure"),
    TEXT(hipErrorCooperativeLaunchTooLarge, "too many blocks in cooperative launch"),
    TEXT(hipErrorNotSupported, "operation not supported"),
    TEXT(hipErrorStreamCaptureUnsupported, "operation not permitted when stream is capturing"),
    TEXT(hipErrorStreamCaptureInvalidated, "operation failed due to a previous error during capture"),
    TEXT(hipErrorStreamCaptureMerge, "operation would result in a merge of separate capture sequences"),
    TEXT(hipErrorStreamCaptureUnmatched, "capture was not ended in the same stream as it began"),
    TEXT(hipErrorStreamCaptureUnjoined, "capturing stream has unjoined work"),
    TEXT(hipErrorStreamCaptureIsolation, "dependency created on uncaptured work in another stream"),
    TEXT(hipErrorStreamCaptureImplicit, "operation would make the legacy stream depend on a capturing blocking stream"),
    TEXT(hipErrorCapturedEvent, "operation not permitted on an event last recorded in a capturing stream"),
    TEXT(hipErrorStreamCaptureWrongThread, "attempt to terminate a thread-local capture sequence from another thread"),
    TEXT(hipErrorGraphExecUpdateFailure,
         "the graph update was not performed because it included changes which violated constraints specific to instantiated graph update"),
    TEXT(hipErrorUnknown, "unknown error"),
    TEXT(hipErrorRuntimeMemory, "runtime memory call returned error"),
    TEXT(hipErrorRuntimeOther, "runtime call other than memory returned error"),
};
static ErrorText const* text_of(hipError_t e) {
  for (ErrorText const& t : error_texts)
    if (t.error == e) return &t;
  return nullptr;
}
API char const* hipGetErrorString(hipError_t e) {
  auto* t = text_of(e);
  return t ? t->text : "unrecognized error code";
}
API char const* hipGetErrorName(hipError_t e) {
  auto* t = text_of(e);
  return t ? t->name : "hipErrorUnknown";
}
API hipError_t hipDrvGetErrorString(hipError_t e, char const** s) {
  if (!s) return ret(hipErrorInvalidValue);
  *s = hipGetErrorString(e);
  return ret(hipSuccess);
}
API hipError_t hipDrvGetErrorName(hipError_t e, char const** s) {
  if (!s) return ret(hipErrorInvalidValue);
  *s = hipGetErrorName(e);
  return ret(hipSuccess);
}

// The generated stubs of all other names call this function.
extern "C" __attribute__((visibility("hidden"))) int amdemu_unimplemented(char const* name) {
  say(std::string(name) + " is not implemented: hipErrorNotSupported");
  return ret(hipErrorNotSupported);
}
