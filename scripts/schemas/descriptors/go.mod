module meshweft/scripts/schemas/descriptors

go 1.24

require (
	google.golang.org/protobuf v1.36.7
	istio.io/api v1.28.1
)

require (
	github.com/golang/protobuf v1.5.4 // indirect
	google.golang.org/genproto/googleapis/api v0.0.0-20250811230008-5f3141c8851a // indirect
)
