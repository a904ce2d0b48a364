/**
 * The contenders: Lockstep and its rivals, each training the same task. May import Lockstep's
 * modules and the rivals' libraries.
 */
package dev.lockstep.benchmarks.contender;
