"""Speed of the course's code beside what people use: `make bench` writes docs/benchmarks.md."""
