# SPDX-License-Identifier: Apache-2.0
#
#   docker build -t token-broker:0.1.0 .
#
# The broker is built and run on the same Debian release, so that the shared
# libraries it was linked with are the ones it finds.

FROM debian:12-slim AS builder
ENV DEBIAN_FRONTEND=noninteractive
WORKDIR /src
COPY . .
# Installs the packages it needs and leaves build/release/token-broker.
RUN ./dev build

FROM debian:12-slim

LABEL org.opencontainers.image.title="Token Broker" \
      org.opencontainers.image.description="Keeps a company's OAuth 2.0 tokens and hands out access tokens over gRPC" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"

# What the binary is linked with, and the authorities that vouch for providers.
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      ca-certificates \
      libabsl20220623 \
      libc-ares2 \
      libcpp-httplib0.11 \
      libcurl4 \
      libgrpc++1.51 \
      libgrpc29 \
      libprometheus-cpp-core1.0 \
      libprotobuf32 \
      libre2-9 \
      librocksdb7.8 \
      libsodium23 \
      libssl3 \
      libyaml-cpp0.7 \
      zlib1g \
 && rm -rf /var/lib/apt/lists/*

# The directories exist, owned, for whoever mounts nothing or an empty volume.
RUN groupadd --system --gid 65532 token-broker \
 && useradd --system --uid 65532 --gid 65532 --no-create-home \
      --home-dir /nonexistent --shell /usr/sbin/nologin token-broker \
 && install -d -m 0755 /etc/token-broker \
 && install -d -m 0700 -o 65532 -g 65532 /var/lib/token-broker

COPY --from=builder /src/LICENSE /usr/share/doc/token-broker/copyright
COPY --from=builder /src/build/release/token-broker /usr/bin/token-broker

USER 65532:65532
EXPOSE 7443 7480
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/token-broker"]
CMD ["serve", "--config", "/etc/token-broker/config.yaml"]
