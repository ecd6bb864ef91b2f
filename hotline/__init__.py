"""The front door: command line, wiring of the rooms, demo, doctor, benchmarks."""
