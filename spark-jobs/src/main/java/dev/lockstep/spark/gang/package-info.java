/**
 * The gang: admits the workers of a run and runs them as one Spark job of long tasks. An ordinary
 * job, not a barrier stage, over an RDD of the numbers of the shards: partition r holds those of
 * the worker of rank r. A task that dies is run again by Spark alone with the same partition, takes
 * its rank's place from the dead one, and the others have only waited. A running training is a
 * source of Spark's metrics. May import {@code trainer}, {@code storage}, {@code source} and {@code
 * transport}.
 */
package dev.lockstep.spark.gang;
