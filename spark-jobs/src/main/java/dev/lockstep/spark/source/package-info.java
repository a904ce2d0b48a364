/**
 * Data sets as executors open them themselves, and the inputs of predictions: the embedded MNIST,
 * and IDX and Parquet files on local and Hadoop's file systems. Parquet files are read by Parquet's
 * own reader and not by Spark SQL, which cannot be asked inside a task and promises no order of
 * rows.
 *
 * <p>On a cluster no example passes through the driver. Tasks carry the description of a data set
 * or of inputs; the first task of an executor's process reads the files, and those beside it and
 * after it share its copy. The driver streams the same files once, and keeps sizes, labels (splits
 * are made of them) and digests; a worker whose files have another fingerprint is refused.
 *
 * <p>MNIST's relatives are IDX files that a user puts into a directory, or that the driver fetches
 * there by HTTP when the configuration says from where; executors never fetch.
 *
 * <p>May import {@code storage}, {@code dev.lockstep.config}, {@code dev.lockstep.data}, {@code
 * dev.lockstep.split} and {@code dev.lockstep.yaml}.
 */
package dev.lockstep.spark.source;
