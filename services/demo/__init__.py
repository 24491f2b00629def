"""A patient's story, told over gRPC and checked against the rules."""
