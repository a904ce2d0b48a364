/**
 * Places on the local file system and on Hadoop's, and the run directory. May import Hadoop,
 * Spark's configuration and {@code dev.lockstep.yaml}.
 */
package dev.lockstep.spark.storage;
