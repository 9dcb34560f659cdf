// The epoch page and leases: what says "no longer" without being asked again.
#include <time.h>

#include <atomic>
#include <string>

#include "bindings/c/error.h"
#include "bindings/c/objects.h"
#include "engine/runtime/epoch_page.h"

using ztp::EpochPage;
using ztp::c::FromStatus;
using ztp::c::Guarded;
using ztp::c::Misuse;
using ztp::c::NewHandle;
using ztp::c::View;

namespace {

ztp_error* Give(absl::StatusOr<std::shared_ptr<EpochPage>> page, ztp_epoch** epoch) {
  if (!page.ok()) return FromStatus(page.status(), ZTP_BAD_FACTS);
  *epoch = NewHandle<ztp_epoch>(*std::move(page));
  return nullptr;
}

ztp_error* Answer(const absl::Status& status) {
  return status.ok() ? nullptr : FromStatus(status, ZTP_BAD_FACTS);
}

}  // namespace

extern "C" {

ztp_error* ztp_epoch_create(ztp_text path, uint32_t mode, ztp_epoch** epoch) {
  ZTP_CHECK_OUT(epoch);
  *epoch = nullptr;
  ZTP_CHECK_TEXT(path);
  return Guarded(__func__,
                 [&] { return Give(EpochPage::Create(std::string(View(path)), mode), epoch); });
}

ztp_error* ztp_epoch_open(ztp_text path, uint32_t access, ztp_epoch** epoch) {
  ZTP_CHECK_OUT(epoch);
  *epoch = nullptr;
  ZTP_CHECK_TEXT(path);
  if (access != ZTP_EPOCH_READ && access != ZTP_EPOCH_WRITE) {
    return Misuse(__func__, "`access` is neither ZTP_EPOCH_READ nor ZTP_EPOCH_WRITE");
  }
  const auto wanted =
      access == ZTP_EPOCH_WRITE ? EpochPage::Access::kWrite : EpochPage::Access::kRead;
  return Guarded(__func__,
                 [&] { return Give(EpochPage::Open(std::string(View(path)), wanted), epoch); });
}

ztp_error* ztp_epoch_revoke(ztp_epoch* epoch) {
  ZTP_CHECK_ALIVE(epoch);
  return Guarded(__func__, [&] { return Answer(epoch->page->Revoke()); });
}

ztp_error* ztp_epoch_halt(ztp_epoch* epoch, bool halted) {
  ZTP_CHECK_ALIVE(epoch);
  return Guarded(__func__, [&] { return Answer(epoch->page->SetHalted(halted)); });
}

ztp_error* ztp_epoch_keep_until(ztp_epoch* epoch, int64_t until) {
  ZTP_CHECK_ALIVE(epoch);
  return Guarded(__func__, [&] { return Answer(epoch->page->KeepUntil(until)); });
}

uint64_t ztp_epoch_value(const ztp_epoch* epoch) {
  return ztp::c::Alive(epoch) ? epoch->page->value() : EpochPage::kClosed;
}

void ztp_epoch_free(ztp_epoch* epoch) { ztp::c::FreeHandle(epoch); }

int64_t ztp_now(void) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
}

bool ztp_lease_check(ztp_lease* lease, int64_t now) {
  if (lease == nullptr) return false;
  // Who is void has INT64_MIN as its end, and no time is before that.
  if (now < lease->valid_until && now >= lease->latest && lease->generation_now != nullptr)
      [[likely]] {
    static_assert(sizeof(std::atomic<uint64_t>) == sizeof(uint64_t));
    const auto* generation = reinterpret_cast<const std::atomic<uint64_t>*>(lease->generation_now);
    const auto* page = static_cast<const ztp::EpochWords*>(lease->page);
    if (generation->load(std::memory_order_acquire) == lease->generation &&
        (page == nullptr || EpochPage::IsStill(*page, lease->epoch, now))) [[likely]] {
      lease->latest = now;
      return true;
    }
  }
  lease->valid_until = INT64_MIN;
  return false;
}

bool ztp_lease_check_now(ztp_lease* lease) { return ztp_lease_check(lease, ztp_now()); }

}  // extern "C"
