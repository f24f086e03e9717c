"""Training: wells cut into windows, augmentation that moves labels exactly, streams, one visible loop."""
