/** The suites and the command that runs them. May import {@code contender} and {@code measure}. */
package dev.lockstep.benchmarks.suite;
