/**
 * Data sets as executors open them themselves, and the inputs of predictions: the embedded MNIST,
 * and IDX and Parquet files on local and Hadoop's file systems. Parquet files are read by Parquet's
 * own reader and not by Spark SQL, which cannot be asked inside a task and promises no order of
 * rows. May import {@code storage}, {@code dev.lockstep.data}, {@code dev.lockstep.split} and
 * {@code dev.lockstep.yaml}.
 */
package dev.lockstep.spark.source;
