/** The commands of {@code lockstep}. May import every other package of Lockstep. */
package dev.lockstep.spark.cli;
