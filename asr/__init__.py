"""Audio in, transcript out: AudioSocket server, voice activity, engines, Chinese clean-up."""
