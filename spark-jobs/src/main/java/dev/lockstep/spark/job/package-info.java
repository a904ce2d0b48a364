/**
 * What a user asks for, from a configuration to files: training, cross-validation, evaluation,
 * prediction. May import {@code trainer}, {@code storage}, {@code registry}, {@code source}, {@code
 * transport} and {@code gang}.
 */
package dev.lockstep.spark.job;
