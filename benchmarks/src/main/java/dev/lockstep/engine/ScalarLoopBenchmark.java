package dev.lockstep.engine;

import org.openjdk.jmh.annotations.Fork;

/** {@link LoopBenchmark} without the JIT's vectoriser: what is no slower here is not vectorised. */
@Fork(value = 1, jvmArgsAppend = "-XX:-UseSuperWord")
public class ScalarLoopBenchmark extends LoopBenchmark {}
