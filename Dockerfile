# One static binary, no shell, no root. Records lie in the volume /data.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -o /sahabatrt ./cmd/sahabatrt && mkdir /data

FROM gcr.io/distroless/static:nonroot
COPY --from=build /sahabatrt /sahabatrt
COPY --from=build --chown=nonroot:nonroot /data /data
ENV DATABASE_URL=sqlite:/data/sahabat.db
VOLUME /data
ENTRYPOINT ["/sahabatrt"]
