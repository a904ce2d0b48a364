/**
 * JMH benchmarks of an engine alone, on one thread: {@code benchmarks/run jmh}, and {@code run
 * loops}, which runs those of the element-wise loops and prints a table. Those of what an engine, a
 * worker or the coordinator does not show to others are in packages of their names, {@code
 * dev.lockstep.engine}, {@code dev.lockstep.worker} and {@code dev.lockstep.coordinator}. May
 * import these three, {@code contender} and {@code measure}.
 */
package dev.lockstep.benchmarks.kernel;
