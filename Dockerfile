# One static binary: no shell, no root, and nothing to write to but the volume /data.
FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm AS build
ARG TARGETOS TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# The same source makes the same bytes: no paths, no clock, no name of a build.
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false -ldflags="-s -w -buildid=" -o /out/sahabatrt ./cmd/sahabatrt \
 && mkdir -m 700 /out/data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/sahabatrt /sahabatrt
COPY --from=build --chown=65532:65532 /out/data /data
ENV DATABASE_URL=sqlite:/data/sahabat.db
VOLUME /data
USER 65532:65532
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/sahabatrt", "healthy"]
ENTRYPOINT ["/sahabatrt"]
CMD ["serve"]
