/**
 * Rivals whose native libraries cannot share a process with ND4J's: each has a {@code main} and
 * trains in a process of its own what it reads from standard input. May import Lockstep's
 * configuration and data, which are plain Java, and the rivals' libraries; nothing here may load
 * ND4J.
 */
package dev.lockstep.benchmarks.rival;
