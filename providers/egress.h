// SPDX-License-Identifier: Apache-2.0
#ifndef TOKENBROKER_PROVIDERS_EGRESS_H_
#define TOKENBROKER_PROVIDERS_EGRESS_H_

struct sockaddr;

namespace tokenbroker {

// Whether a provider may be dialled at this resolved address: never link-local,
// unspecified, broadcast or multicast; loopback if `allow_loopback`. IPv4
// inside IPv6 (mapped, compatible, NAT64) counts as IPv4. Other families: no.
bool MayDial(const sockaddr& address, bool allow_loopback);

}  // namespace tokenbroker

#endif  // TOKENBROKER_PROVIDERS_EGRESS_H_
