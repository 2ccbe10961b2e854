// SPDX-License-Identifier: Apache-2.0
#include "providers/egress.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>

namespace tokenbroker {
namespace {

bool MayDialV4(uint32_t address, bool allow_loopback) {
  const uint32_t first = address >> 24;
  if (first == 127) return allow_loopback;
  const bool unspecified = first == 0;
  const bool link_local = (address >> 16) == 0xa9fe;  // 169.254/16
  const bool multicast_or_reserved = first >= 224;    // with broadcast
  return !unspecified && !link_local && !multicast_or_reserved;
}

bool MayDialV6(const in6_addr& address, bool allow_loopback) {
  // RFC 6052 2.1: what a NAT64 gateway turns into IPv4.
  constexpr uint8_t kNat64[12] = {0x00, 0x64, 0xff, 0x9b};
  if (IN6_IS_ADDR_V4MAPPED(&address) || IN6_IS_ADDR_V4COMPAT(&address) ||
      std::memcmp(address.s6_addr, kNat64, sizeof(kNat64)) == 0) {
    uint32_t inner = 0;
    std::memcpy(&inner, &address.s6_addr[12], sizeof(inner));
    return MayDialV4(ntohl(inner), allow_loopback);
  }
  if (IN6_IS_ADDR_LOOPBACK(&address)) return allow_loopback;
  return !IN6_IS_ADDR_UNSPECIFIED(&address) &&
         !IN6_IS_ADDR_LINKLOCAL(&address) && !IN6_IS_ADDR_MULTICAST(&address);
}

}  // namespace

bool MayDial(const sockaddr& address, bool allow_loopback) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof(v4));
    return MayDialV4(ntohl(v4.sin_addr.s_addr), allow_loopback);
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof(v6));
    return MayDialV6(v6.sin6_addr, allow_loopback);
  }
  return false;
}

}  // namespace tokenbroker
