"""The services as those who call them over gRPC have them."""
