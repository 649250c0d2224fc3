# The image of mirror: one static binary with the time zones in it, the CA bundle,
# the licences of what is linked in, nothing else.
#
#   make image VERSION=v1.0.0
#   docker build -t mirror --build-arg VERSION=v1.0.0 .
#   docker run -v ./mirror.yaml:/etc/mirror/mirror.yaml:ro mirror
#
# It runs as uid 65532 on a read-only root file system without capabilities, and
# writes nothing. The health check asks the daemon in the container, which it
# finds through the configuration: name another file with MIRROR_CONFIG, not with
# --config, so that both read the same.

# Where images are kept elsewhere, or made by hand: --build-arg GO_IMAGE=...
ARG GO_IMAGE=golang:1.26
FROM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN go -C deploy run ./notices/into /licenses
# The sources come without their repository, so that it is told of which commit they
# are, and of when that is.
ARG VERSION=
ARG REVISION=
ARG CREATED=
ENV OUT=/mirror
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags timetzdata -ldflags "-s -w -X main.version=${VERSION} -X main.revision=${REVISION} -X main.revisionTime=${CREATED}" -o "${OUT}" ./cmd/mirror

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /licenses /licenses
COPY --from=build /mirror /mirror
ARG VERSION=
ARG REVISION=
ARG CREATED=
LABEL org.opencontainers.image.title=mirror \
      org.opencontainers.image.description="Copies Kafka topics between clusters exactly once" \
      org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.revision=${REVISION} \
      org.opencontainers.image.created=${CREATED}
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 CMD ["/mirror", "status", "--ready"]
ENTRYPOINT ["/mirror"]
CMD ["run"]
