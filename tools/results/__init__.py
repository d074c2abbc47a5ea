"""The tables and pictures of docs/results.md and of the networks' pages, made of what the benchmarks measured."""
