"""The published network: a DETR with a small ResNet, and its loss."""
