/**
 * JMH benchmarks of an engine alone, on one thread: {@code benchmarks/run jmh}. May import {@code
 * contender} and {@code measure}.
 */
package dev.lockstep.benchmarks.kernel;
