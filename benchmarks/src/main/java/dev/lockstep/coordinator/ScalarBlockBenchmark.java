package dev.lockstep.coordinator;

import org.openjdk.jmh.annotations.Fork;

/**
 * {@link BlockBenchmark} without the JIT's vectoriser: what is no slower here is not vectorised.
 */
@Fork(value = 1, jvmArgsAppend = "-XX:-UseSuperWord")
public class ScalarBlockBenchmark extends BlockBenchmark {}
