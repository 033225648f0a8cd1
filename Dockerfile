# Holdfast's image: one static binary and the authorities that TLS trusts, run by nobody in particular.
#   docker build -t holdfast .
ARG GO_VERSION=1.26

FROM golang:${GO_VERSION} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=devel
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=${VERSION}" -o /out/holdfast ./cmd/holdfast \
 && mkdir -p /out/state

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
# A volume that is mounted here takes the folder's owner.
COPY --from=build --chown=65532:65532 /out/state /var/lib/holdfast
COPY --from=build /out/holdfast /holdfast
# By number: orchestrators can see that it is not root.
USER 65532:65532
# Loopback inside a container is nobody's business but its own.
ENV HOLDFAST_LISTEN_METRICS=:9464
EXPOSE 9464
HEALTHCHECK --interval=10s --timeout=6s --start-period=40s CMD ["/holdfast", "healthcheck"]
ENTRYPOINT ["/holdfast"]
CMD ["worker"]
