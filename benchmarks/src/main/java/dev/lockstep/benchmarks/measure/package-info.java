/**
 * Measuring and telling: the one loop that measures contenders, medians with their spread, this
 * machine's facts and Markdown tables. May import {@code contender}.
 */
package dev.lockstep.benchmarks.measure;
