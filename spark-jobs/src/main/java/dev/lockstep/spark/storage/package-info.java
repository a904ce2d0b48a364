/**
 * Places on the local file system and on Hadoop's, how Hadoop's are configured, the run directory,
 * and the checkpoints in it. May import Hadoop, Spark's configuration, {@code dev.lockstep.yaml}
 * and {@code dev.lockstep.config}.
 */
package dev.lockstep.spark.storage;
