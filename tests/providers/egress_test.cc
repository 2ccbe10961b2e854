// SPDX-License-Identifier: Apache-2.0
#include "providers/egress.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <string>

#include "gtest/gtest.h"

namespace tokenbroker {
namespace {

// As the dialler has it: in a storage that is large enough for any family.
bool MayDialText(const std::string& address, bool allow_loopback) {
  sockaddr_storage storage{};
  if (address.find(':') == std::string::npos) {
    sockaddr_in v4{.sin_family = AF_INET};
    EXPECT_EQ(inet_pton(AF_INET, address.c_str(), &v4.sin_addr), 1) << address;
    std::memcpy(&storage, &v4, sizeof(v4));
  } else {
    sockaddr_in6 v6{.sin6_family = AF_INET6};
    EXPECT_EQ(inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr), 1)
        << address;
    std::memcpy(&storage, &v6, sizeof(v6));
  }
  return MayDial(reinterpret_cast<const sockaddr&>(storage), allow_loopback);
}

TEST(EgressTest, DialsPublicAndPrivateAddresses) {
  for (const char* address :
       {"8.8.8.8", "1.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1",
        "100.64.0.1", "126.255.255.255", "128.0.0.1", "169.253.255.255",
        "169.255.0.0", "223.255.255.255", "2606:4700::1111", "fd00::1",
        "fec0::1", "::ffff:8.8.8.8", "::ffff:10.0.0.1", "64:ff9b::8.8.8.8"}) {
    EXPECT_TRUE(MayDialText(address, false)) << address;
    EXPECT_TRUE(MayDialText(address, true)) << address;
  }
}

TEST(EgressTest, DialsLoopbackOnlyWhereItIsAllowed) {
  for (const char* address :
       {"127.0.0.1", "127.0.0.0", "127.255.255.255", "::1", "::ffff:127.0.0.1",
        "::127.0.0.1", "64:ff9b::127.0.0.1"}) {
    EXPECT_FALSE(MayDialText(address, false)) << address;
    EXPECT_TRUE(MayDialText(address, true)) << address;
  }
}

TEST(EgressTest, NeverDialsWhatNoProviderCanHave) {
  for (const char* address : {
           // Link-local, where clouds keep their metadata services.
           "169.254.169.254",
           "169.254.0.0",
           "169.254.255.255",
           "fe80::1",
           "febf::1",
           "::ffff:169.254.169.254",
           "::169.254.169.254",
           "64:ff9b::169.254.169.254",
           // Unspecified: Linux connects to itself.
           "0.0.0.0",
           "0.1.2.3",
           "::",
           "::ffff:0.0.0.0",
           // Multicast, reserved and broadcast.
           "224.0.0.1",
           "239.255.255.255",
           "240.0.0.1",
           "255.255.255.255",
           "ff02::1",
           "::ffff:224.0.0.1",
           "::ffff:255.255.255.255",
           "64:ff9b::0.0.0.0",
       }) {
    EXPECT_FALSE(MayDialText(address, false)) << address;
    EXPECT_FALSE(MayDialText(address, true)) << address;
  }
}

TEST(EgressTest, NeverDialsOtherFamilies) {
  const sockaddr_un local{.sun_family = AF_UNIX, .sun_path = "/run/x.sock"};
  EXPECT_FALSE(MayDial(reinterpret_cast<const sockaddr&>(local), true));
  const sockaddr none{.sa_family = AF_UNSPEC};
  EXPECT_FALSE(MayDial(none, true));
}

}  // namespace
}  // namespace tokenbroker
