/**
 * What a user asks for, from a configuration to files: training, evaluation, prediction. May import
 * {@code trainer}, {@code storage}, {@code source} and {@code gang}.
 */
package dev.lockstep.spark.job;
