# Tandem: the program with the app in it, and nothing else: no shell, no package, nobody's user. Build it from the root of the repository:
#   docker build -f docker/tandem.Dockerfile -t tandem .

FROM node:22-bookworm-slim AS app
WORKDIR /src/web
# What the app is built with changes seldom, so it is a layer of its own.
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY api/openapi.yaml ../api/openapi.yaml
COPY web ./
RUN npm run build -- --logLevel warn

FROM golang:1.26-bookworm AS program
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
COPY --from=app /src/web/dist/app web/dist/app
ARG VERSION=
# For the size of the image: no symbols, no format that no client speaks, no debugging pages that nobody opens, and the libraries that no call in progress waits for are compiled without inlining; functions begin at every 16 bytes, not at every 32.
RUN --mount=type=cache,target=/root/.cache/go-build --mount=type=cache,target=/go/pkg/mod set -eu; small=; \
    for lib in github.com/aws github.com/redis google.golang.org github.com/quic-go go.mongodb.org github.com/goccy github.com/gogo github.com/googleapis \
        go.opentelemetry.io github.com/yuin github.com/alicebob github.com/pelletier github.com/pressly github.com/go-playground github.com/gabriel-vasile \
        modernc.org golang.org/x/text github.com/ccojocar github.com/hashicorp github.com/leodido github.com/spf13 github.com/hibiken gocloud.dev; do \
        small="$small -gcflags=$lib/...=-l"; \
    done; \
    CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags nomsgpack,grpcnotrace $small -ldflags "-s -w -funcalign=16 -X main.released=$VERSION" -o /out/usr/bin/tandem ./cmd/tandem
RUN mkdir -p /out/etc/ssl/certs \
 && cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/ \
 && echo 'tandem:x:61060:61060::/var/lib/tandem:/nowhere' > /out/etc/passwd \
 && echo 'tandem:x:61060:' > /out/etc/group \
 && mkdir -p /owned/run/tandem /owned/run/tandem-postgres /owned/run/tandem-redis /owned/run/tandem-grafana /owned/srv/asterisk /owned/srv/asterisk-tls /owned/srv/freeswitch /owned/srv/freeswitch-tls /owned/var/lib/tandem \
 && chmod 0750 /owned/run/* /owned/srv/* /owned/var/lib/*

FROM scratch
# The user is a number that neither Debian nor systemd gives to anybody else. The switches run as the same one, so that what one of them writes the other can read.
COPY --from=program /out /
# A volume gets its owner from the directory on which it is mounted first.
COPY --from=program --chown=61060:61060 /owned /
USER 61060:61060
WORKDIR /var/lib/tandem
EXPOSE 8080
ENTRYPOINT ["/usr/bin/tandem"]
CMD ["serve"]
