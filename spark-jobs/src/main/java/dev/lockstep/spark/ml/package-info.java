/**
 * Lockstep as a stage of Spark ML's pipelines: an estimator whose model every evaluator, tuner and
 * {@code Pipeline} of Spark takes. Settings are Spark ML's {@code Param}s, of texts and numbers, so
 * that other languages reach them through the gateway; examples come from a data frame, not from
 * files.
 *
 * <p>May import {@code trainer} and every package of {@code spark-jobs} but {@code cli}.
 */
package dev.lockstep.spark.ml;
