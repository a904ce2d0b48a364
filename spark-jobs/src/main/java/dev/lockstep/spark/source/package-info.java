/**
 * Data sets as executors open them themselves: the embedded MNIST, and IDX files on local and
 * Hadoop's file systems. May import {@code storage}, {@code dev.lockstep.data} and {@code
 * dev.lockstep.yaml}.
 */
package dev.lockstep.spark.source;
